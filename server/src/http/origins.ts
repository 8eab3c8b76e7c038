/** The spellings of this very machine; browsers treat them as different origins. */
const loopback = ['localhost', '127.0.0.1', '[::1]']

/** The origins that the console may be opened at: the public URL's, with all spellings when it names this machine. */
export function originsOf(publicUrl: string): string[] {
  const url = new URL(publicUrl)
  if (!loopback.includes(url.hostname)) return [url.origin]
  const port = url.port === '' ? '' : `:${url.port}`
  return loopback.map((host) => `${url.protocol}//${host}${port}`)
}
