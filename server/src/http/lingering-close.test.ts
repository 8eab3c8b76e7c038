import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort, isInstalled, proxies } from '../../../examples/running.ts'
import { type GateServer, gateServer, resourceKey } from '../../test/gate-server.ts'
import { ask, parseAnswer } from '../../test/raw-http.ts'

let gate: GateServer
beforeAll(async () => {
  gate = await gateServer()
})
afterAll(() => gate.server.stop({ announceMs: 0, deadlineMs: 100 }))

const introspectHead = (bytes: number, key = resourceKey) =>
  `POST /oauth2/introspect HTTP/1.0\r\nAuthorization: Bearer ${key}\r\n` +
  `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${bytes}\r\n\r\n`

/** Sends a head, and its body only once the answer is there. */
function sendBodyAfterAnswer(head: string, body: Buffer) {
  return new Promise<{ answer: string; error?: string | undefined }>((resolve) => {
    let answer = ''
    let error: string | undefined
    const socket = connect({ port: gate.port, host: '127.0.0.1', allowHalfOpen: true }, () => socket.write(head))
    socket.on('data', (chunk) => {
      if (answer === '') socket.write(body)
      answer += String(chunk)
    })
    socket.on('error', (failure: NodeJS.ErrnoException) => {
      error = failure.code
    })
    socket.on('end', () => socket.writableLength === 0 && socket.end())
    socket.on('drain', () => socket.readableEnded && socket.end())
    socket.on('close', () => resolve({ answer, error }))
  })
}

describe('an answer before the body has arrived', () => {
  const bytes = 900_000
  test.each([
    ['413: a body that is too large', introspectHead(bytes), 413],
    ['401: a caller that is refused', introspectHead(bytes, 'nonsense'), 401],
    ['400: a request that is faulty', `POST /x HTTP/1.1\r\nContent-Length: ${bytes}\r\n\r\n`, 400],
    [
      '404: HTTP/1.1 that asks to close',
      `POST /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${bytes}\r\n\r\n`,
      404,
    ],
    ['431: headers that are too large', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(40_000)}`, 431],
  ])('%s reaches a client that sends on, without a reset', async (_what, head, status) => {
    const { answer, error } = await sendBodyAfterAnswer(head, Buffer.alloc(bytes, 'x'))
    expect(parseAnswer(answer).status).toBe(status)
    expect(error).toBeUndefined()
  })

  test('a client that sends without end, or nothing, is closed', async () => {
    const silent = connect({ port: gate.port, host: '127.0.0.1', allowHalfOpen: true }, () =>
      silent.write(introspectHead(1_000_000)),
    )
    silent.on('error', () => undefined)
    silent.resume()
    const endless = connect(gate.port, '127.0.0.1', () => endless.write(introspectHead(1_000_000_000)))
    const chunk = Buffer.alloc(1024 * 1024, 'x')
    const write = () => {
      while (endless.writable && endless.write(chunk));
    }
    endless.on('drain', write)
    endless.on('error', () => undefined)
    endless.resume()
    write()
    // The half that is still open is closed by the server, which is seen by sending something more.
    silent.on('end', () => {
      const sending = setInterval(() => silent.write('x'), 100)
      silent.once('close', () => clearInterval(sending))
    })
    await Promise.all([silent, endless].map((socket) => new Promise((resolve) => socket.once('close', resolve))))
    expect(endless.bytesWritten).toBeLessThan(500_000_000)
  })
})

const nginx = proxies.nginx
const leftOut = isInstalled(nginx) ? '' : ': LEFT OUT, nginx is not installed here'

describe.skipIf(leftOut)(`through the defaults of nginx${leftOut}`, () => {
  let port: number
  let stop: () => Promise<void>
  beforeAll(async () => {
    port = await freePort()
    const folder = mkdtempSync(join(tmpdir(), 'nginx-'))
    // Run as root, nginx writes bodies as another user.
    chmodSync(folder, 0o777)
    const own = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${folder}/${name};`,
    )
    const site = `server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:${gate.port}; } }`
    const config = `pid ${folder}/pid; error_log stderr crit; events {} http { access_log off; ${own.join(' ')} ${site} }`
    writeFileSync(join(folder, 'nginx.conf'), config)
    const child = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf'), '-g', 'daemon off;'])
    const isListening = () =>
      fetch(`http://127.0.0.1:${port}/healthz`).then(
        () => true,
        () => false,
      )
    while (!(await isListening()) && child.exitCode === null);
    stop = async () => {
      const exit = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await exit
      rmSync(folder, { recursive: true })
    }
  })
  afterAll(() => stop())

  test('413 and 401, a hundred times each, and never 502', async () => {
    const form = ['Content-Type', 'application/x-www-form-urlencoded'] as const
    const send = (key: string) =>
      ask(port, {
        method: 'POST',
        path: '/oauth2/introspect',
        headers: [['Authorization', `Bearer ${key}`], form],
        body: `token=${'x'.repeat(900_000)}`,
      })
    const counts: Record<number, number> = {}
    for (let round = 0; round < 50; round += 1) {
      const answers = await Promise.all([send(resourceKey), send('nonsense'), send(resourceKey), send('nonsense')])
      for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1
    }
    expect(counts).toEqual({ 413: 100, 401: 100 })
  })
})
