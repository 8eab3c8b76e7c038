import type { ReactNode } from 'react'
import { type Fact, Facts } from '../../ui/facts'
import classes from './oauth-providers.module.css'
import type { OAuthProvider } from './queries'
import { duration } from './words'

type Props = {
  provider: Omit<OAuthProvider, 'id' | 'enabled' | 'createdAt' | 'mappingCount' | 'keys'>
  /** The name is the heading of a page already. */
  named?: boolean
}

/** A provider's settings, to read. */
export function ProviderFacts({ provider, named = false }: Props) {
  const required = provider.requireScope ? ', and must name a role' : ''
  const facts: Fact[] = [
    ['Issuer', <Exact key="issuer">{provider.issuer}</Exact>],
    ['JWKS URL', <Exact key="jwks">{provider.jwksUrl}</Exact>],
    [
      provider.audiences.length === 1 ? 'Audience' : 'Audiences',
      <span key="audiences" className={classes.audiences}>
        {provider.audiences.map((audience) => (
          <Exact key={audience}>{audience}</Exact>
        ))}
      </span>,
    ],
    ['Subject claim', <Exact key="subject">{provider.subjectClaim}</Exact>],
    [
      'Scope claim',
      <span key="scope">
        <Exact>{provider.scopeClaim}</Exact>
        {required}
      </span>,
    ],
    ['Algorithms', provider.algorithms.join(', ')],
    ['Clock tolerance', duration(provider.clockTolerance)],
    ['Longest lifetime', duration(provider.maxLifetime)],
  ]
  return <Facts facts={named ? [['Name', <bdi key="name">{provider.name}</bdi>], ...facts] : facts} />
}

/** Compared letter by letter, so shown in a type that tells letters apart. */
const Exact = ({ children }: { children: ReactNode }) => (
  <code>
    <bdi>{children}</bdi>
  </code>
)
