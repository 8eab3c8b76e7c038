import type { UseFormReturnType } from '@mantine/form'
import type { CreateOAuthProviderData } from '../../client/types.gen'
import type { OAuthProvider } from './queries'

type Settings = Omit<CreateOAuthProviderData['body'], 'enabled'>

/** As it is typed: numbers are texts until they are sent. */
export type ProviderValues = Omit<Required<Settings>, 'clockTolerance' | 'maxLifetime'> & {
  clockTolerance: string
  maxLifetime: string
}
export type ProviderForm = UseFormReturnType<ProviderValues>

export const noProvider: ProviderValues = {
  name: '',
  issuer: '',
  jwksUrl: '',
  audiences: [],
  subjectClaim: 'sub',
  scopeClaim: 'scope',
  // Proposed, since a token without a role in its scope has all rights of its account. (E5)
  requireScope: true,
  algorithms: ['RS256', 'ES256'],
  clockTolerance: '30',
  maxLifetime: '86400',
}

export const valuesOf = ({ clockTolerance, maxLifetime, ...provider }: OAuthProvider): ProviderValues => ({
  name: provider.name,
  issuer: provider.issuer,
  jwksUrl: provider.jwksUrl,
  audiences: provider.audiences,
  subjectClaim: provider.subjectClaim,
  scopeClaim: provider.scopeClaim,
  requireScope: provider.requireScope,
  algorithms: provider.algorithms,
  clockTolerance: String(clockTolerance),
  maxLifetime: String(maxLifetime),
})

/** Issuer, audiences and claims are compared exactly: spaces around them were pasted along, never meant. */
export const bodyOf = (values: ProviderValues): Required<Settings> => ({
  ...values,
  name: values.name.trim(),
  issuer: values.issuer.trim(),
  jwksUrl: values.jwksUrl.trim(),
  subjectClaim: values.subjectClaim.trim(),
  scopeClaim: values.scopeClaim.trim(),
  clockTolerance: Number(values.clockTolerance),
  maxLifetime: Number(values.maxLifetime),
})

const given = (sentence: string) => (value: string) => (value.trim() ? null : sentence)

/** Whole seconds within bounds; a form must not send what isn't a number. */
const seconds = (least: number, most: number) => (value: string) => {
  const number = Number(value)
  const good = value.trim() !== '' && Number.isInteger(number) && number >= least && number <= most
  return good ? null : `Enter whole seconds from ${least.toLocaleString()} to ${most.toLocaleString()}`
}

/** What can be seen without the server; the rest it says itself, at the field. */
export const checks = {
  name: given('Give the provider a name'),
  issuer: given('Enter the issuer'),
  jwksUrl: given('Enter the JWKS URL, or let it be found from the issuer'),
  audiences: (list: string[]) => (list.length > 0 ? null : 'Enter at least one audience'),
  subjectClaim: given('Enter the name of a claim'),
  scopeClaim: given('Enter the name of a claim'),
  algorithms: (list: string[]) => (list.length > 0 ? null : 'Choose at least one algorithm'),
  clockTolerance: seconds(0, 60),
  maxLifetime: seconds(60, 31_536_000),
}

export const moreFields = ['algorithms', 'clockTolerance', 'maxLifetime'] as const satisfies (keyof ProviderValues)[]

/** The steps of adding a provider, with the fields of each. */
export const steps: { title: string; fields: (keyof ProviderValues)[] }[] = [
  { title: 'Add provider', fields: ['name', 'issuer', 'jwksUrl'] },
  { title: 'Add provider: audiences', fields: ['audiences'] },
  { title: 'Add provider: claims', fields: ['subjectClaim', 'scopeClaim', 'requireScope', ...moreFields] },
  { title: 'Add provider: review', fields: [] },
]

/** A field that can't be changed can still be reached and read, with the reason that its description gives. */
export const fixedField = { readOnly: true, 'aria-disabled': true, variant: 'filled' } as const

/** At which field a refusal that isn't about one field of the body stands. */
export const fieldOfCode = { provider_conflict: 'audiences', provider_in_use: 'subjectClaim' } as const
