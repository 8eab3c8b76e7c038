import { createServer } from 'node:http'

/**
 * The yardstick: a bare node:http server that reads the same request to its end and answers the same bytes. Told by
 * its environment what to answer: `ANSWER` is `{status, headers, body}` as JSON.
 */
const { status, headers, body } = JSON.parse(process.env.ANSWER ?? '{}') as {
  status: number
  headers: Record<string, string>
  body: string
}

const server = createServer((req, res) => {
  const answer = () => {
    res.writeHead(status, headers)
    res.end(body)
  }
  if (req.method !== 'POST') {
    answer()
    return
  }
  const chunks: Buffer[] = []
  req.on('data', (chunk: Buffer) => chunks.push(chunk))
  req.on('end', () => {
    Buffer.concat(chunks).toString()
    answer()
  })
})

server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.send?.({ port: typeof address === 'object' ? address?.port : 0 })
})
process.on('disconnect', () => process.exit())
