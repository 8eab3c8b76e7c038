import fc from 'fast-check'
import type { Operation } from './fuzz-document.ts'
import { mark, seldom } from './fuzz-values.ts'

export type Header = readonly [name: string, value: string]

const bearer = (text: fc.Arbitrary<string>): fc.Arbitrary<Header[]> =>
  text.map((it) => [['Authorization', `Bearer ${it}`]])
const cookie = (text: fc.Arbitrary<string>, origin = '⟦origin:0⟧'): fc.Arbitrary<Header[]> =>
  text.map((it) => [
    ['Cookie', it],
    ['Origin', origin],
  ])

const adminCookie = cookie(mark('cookie:admin', 0))
const resourceKey = bearer(mark('resource-key', 0))

const bySchemes: Record<string, fc.Arbitrary<Header[]>> = {
  none: fc.constant<Header[]>([]),
  session: adminCookie,
  sessionOverHttp: adminCookie,
  resourceKey,
  resourceKeyBasic: mark('basic', 0).map((it): Header[] => [['Authorization', `Basic ${it}`]]),
  token: fc.oneof(bearer(mark('token')), bearer(mark('jwt', 0))),
  apiKey: mark('resource-key', 0).map((it): Header[] => [['X-API-Key', it]]),
}

/** Who asks, from those that may to those that nobody knows. */
function credentialOf({ schemes, path }: Operation): fc.Arbitrary<readonly Header[]> {
  const usual = fc.oneof(
    ...schemes.flatMap((it) => bySchemes[it] ?? []),
    ...(schemes.length === 0 ? [adminCookie] : []),
  )
  const none = fc.constant<Header[]>([])
  const anyone = schemes.length === 0 && !path.startsWith('/api/auth/')
  return fc.oneof(
    { weight: 40, arbitrary: anyone ? none : usual },
    { weight: 3, arbitrary: cookie(mark('cookie:member', 0)) },
    { weight: 2, arbitrary: cookie(mark('cookie:other', 0)) },
    { weight: 2, arbitrary: cookie(mark('cookie:seen')) },
    { weight: 4, arbitrary: bearer(mark('token')) },
    { weight: 2, arbitrary: bearer(mark('jwt', 0)) },
    { weight: 1, arbitrary: bearer(mark('jwt:strange')) },
    { weight: 1, arbitrary: resourceKey },
    { weight: 1, arbitrary: mark('resource-key', 0).map((it): Header[] => [['X-API-Key', it]]) },
    { weight: 1, arbitrary: mark('basic', 0).map((it): Header[] => [['Authorization', `Basic ${it}`]]) },
    { weight: 2, arbitrary: none },
    { weight: 2, arbitrary: brokenCredential },
  )
}

const brokenCredential: fc.Arbitrary<Header[]> = fc.oneof(
  bearer(mark('forged-token', 0)),
  bearer(fc.constantFrom('', 'x', 'a.b.c', 'pcu_', 'x'.repeat(9_000), '\u00ff\u00fe', 'a,b', '"', 'e30.e30.')),
  fc.constantFrom<Header[]>(
    [['Authorization', 'Bearer']],
    [['Authorization', '']],
    [['Authorization', 'Basic %%%']],
    [['Authorization', 'Digest username="a"']],
    [['Authorization', 'Basic OnBhc3M=']],
    [['Cookie', 'portcullis.session_token=x.y']],
    [['Cookie', 'portcullis.session_token=%00; portcullis.session_token=%zz']],
    [['Cookie', `portcullis.session_token=${'x'.repeat(4_000)}`]],
    [['Cookie', ';;;=;=']],
  ),
  mark('token').map((it): Header[] => [
    ['Authorization', `Bearer ${it}`],
    ['Authorization', `Bearer ${it}`],
  ]),
  mark('token').map((it): Header[] => [
    ['Authorization', `Bearer ${it}`],
    ['Cookie', '⟦cookie:admin:0⟧'],
  ]),
  cookie(mark('cookie:admin', 0), 'https://evil.example'),
  mark('cookie:admin', 0).map((it): Header[] => [['Cookie', it]]),
)

const oddHeaders: fc.Arbitrary<Header> = fc.oneof(
  fc.constantFrom<Header>(
    ['Accept', 'text/html, */*;q=0.1'],
    ['Accept', 'application/xml'],
    ['Accept', ''],
    ['Accept-Encoding', 'gzip, br;q=0'],
    ['X-Request-Id', 'not mine'],
    ['X-Forwarded-For', '203.0.113.9, evil'],
    ['X-Forwarded-Proto', 'https'],
    ['X-Portcullis-Client', '::1'],
    ['X-Portcullis-Require-Role', 'admin'],
    ['X-Portcullis-Require-Role', 'king'],
    ['X-HTTP-Method-Override', 'DELETE'],
    ['Range', 'bytes=0-1'],
    ['If-None-Match', '*'],
    ['If-None-Match', 'W/"1", "2"'],
    ['Last-Event-ID', '1.000000000000'],
    ['Last-Event-ID', '\u00ff'],
    ['Expect', 'something-else'],
    ['User-Agent', '\u00e9'.repeat(700)],
    ['Sec-Fetch-Site', 'cross-site'],
    ['__proto__', 'x'],
    ['X-Long', 'x'.repeat(20_000)],
    ['X-Longer', 'x'.repeat(40_000)],
  ),
  fc
    .oneof(mark('own:org', 0), mark('other:org', 0), mark('absent:org', 0), fc.constantFrom('', 'x', 'org_', '\u00ff'))
    .map((it): Header => ['IB-Context', it]),
)

/** The version as it was read, or a form of it that is another one, or none. */
const ifMatch: fc.Arbitrary<readonly Header[]> = fc
  .oneof(
    { weight: 8, arbitrary: mark('etag', 0) },
    {
      weight: 4,
      arbitrary: fc.constantFrom('*', 'W/"1"', '"1", "2"', '"1"', '""', '"', 'x', '"\u00ff"', `"${'9'.repeat(90)}"`),
    },
    { weight: 1, arbitrary: fc.constant(undefined) },
  )
  .map((it) => (it === undefined ? [] : [['If-Match', it] as const]))

/** Who asks, which version is meant, and what else clients and attackers send. */
export function headersOf(operation: Operation): fc.Arbitrary<readonly Header[]> {
  const wantsVersion = operation.parameters.some((it) => it.name === 'If-Match')
  const versions = wantsVersion ? ifMatch : seldom(fc.constant<readonly Header[]>([]), ifMatch, 30)
  const odd = seldom(fc.constant<Header[]>([]), fc.array(oddHeaders, { minLength: 1, maxLength: 3 }), 6)
  return fc.tuple(credentialOf(operation), versions, odd).map((it) => it.flat())
}
