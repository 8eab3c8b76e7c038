import { connect } from 'node:net'

export interface RawAnswer {
  status: number
  /** By lower-case name; each header as often as it came. */
  headers: Record<string, string[]>
  body: string
  json: () => Record<string, unknown>
}

/** An HTTP/1.1 request exactly as written: clients of the language would mend or refuse what these tests must send. */
export interface RawRequest {
  method?: string
  path: string
  headers?: readonly (readonly [name: string, value: string])[]
  body?: string | Buffer
  /** Sends the body in chunks of this size instead of with a Content-Length. */
  chunkBytes?: number
}

function chunked(body: Buffer, size: number): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; at < body.length; at += size) {
    const part = body.subarray(at, at + size)
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'))
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')])
}

function requestBytes({ method = 'GET', path, headers = [], body, chunkBytes }: RawRequest): Buffer {
  const bytes = body === undefined ? undefined : Buffer.from(body as string)
  const lines = [`${method} ${path} HTTP/1.1`, 'Host: gate.test', 'Connection: close']
  for (const [name, value] of headers) lines.push(`${name}: ${value}`)
  if (bytes) lines.push(chunkBytes ? 'Transfer-Encoding: chunked' : `Content-Length: ${bytes.length}`)
  const payload = bytes === undefined ? Buffer.alloc(0) : chunkBytes ? chunked(bytes, chunkBytes) : bytes
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), payload])
}

function bodyOf(headers: Record<string, string[]>, rest: string): string {
  if (headers['transfer-encoding']?.[0] !== 'chunked') return rest
  let body = ''
  for (let at = 0; ; ) {
    const end = rest.indexOf('\r\n', at)
    const size = Number.parseInt(rest.slice(at, end), 16)
    if (!size) return body
    body += rest.slice(end + 2, end + 2 + size)
    at = end + 4 + size
  }
}

export function parseAnswer(text: string): RawAnswer {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const [statusLine = '', ...lines] = head.split('\r\n')
  const headers: Record<string, string[]> = {}
  for (const line of lines) {
    const at = line.indexOf(':')
    const name = line.slice(0, at).toLowerCase()
    headers[name] = [...(headers[name] ?? []), line.slice(at + 1).trim()]
  }
  const body = bodyOf(headers, rest.join('\r\n\r\n'))
  return { status: Number(statusLine.split(' ')[1]), headers, body, json: () => JSON.parse(body) }
}

/** Sends bytes to a port of this machine and resolves with all that comes back until the connection ends. */
export function exchange(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.setEncoding('utf8')
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('close', () => resolve(text))
    // The server may end the connection while a large body is still on its way.
    socket.on('error', (error) => (text === '' ? reject(error) : resolve(text)))
  })
}

export const ask = async (port: number, request: RawRequest): Promise<RawAnswer> =>
  parseAnswer(await exchange(port, requestBytes(request)))
