import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { TcpProxy } from './tcp-proxy.ts'

/** Says everything again, until the client has no more to say. */
const echo = (): Server =>
  createServer({ allowHalfOpen: true }, (socket) => socket.on('error', () => undefined).pipe(socket))

/** Unlike `once` of node:events it does not mind the error that comes first. */
const closed = (it: Socket | Client, event = 'close') =>
  new Promise<void>((resolve) => it.once(event as 'end', () => resolve()))

describe('before a server that says everything again', () => {
  let server: Server
  let proxy: TcpProxy
  beforeAll(async () => {
    server = echo().listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  afterAll(() => void server.close())

  const opened: Socket[] = []
  const open = async () => {
    const socket = connect(proxy.port, '127.0.0.1')
    socket.on('error', () => undefined)
    opened.push(socket)
    await once(socket, 'connect')
    return socket
  }
  const says = async (socket: Socket, text: string) => {
    socket.write(text)
    return String((await once(socket, 'data'))[0])
  }
  beforeAll(async () => {
    proxy = await TcpProxy.open(`tcp://127.0.0.1:${(server.address() as { port: number }).port}`)
  })
  afterEach(() => {
    proxy.pass()
    for (const it of opened.splice(0)) it.destroy()
  })
  afterAll(() => proxy.close())

  test('bytes pass, and the end of a half does not take the other half with it', async () => {
    const socket = await open()
    expect(await says(socket, 'one')).toBe('one')
    socket.end('two')
    expect(String((await once(socket, 'data'))[0])).toBe('two')
    await once(socket, 'close')
  })

  test('delayed bytes arrive in order, though the delay is shorter by then', async () => {
    const socket = await open()
    proxy.delay(100)
    socket.write('first ')
    // Taken by the proxy, which answers other connections meanwhile.
    const other = await open()
    await says(other, 'x')
    proxy.pass()
    socket.write('second')
    let text = ''
    socket.on('data', (bytes) => {
      text += bytes
    })
    await vi.waitFor(() => expect(text).toBe('first second'))
  })

  test('cut: what is open is reset, what comes is refused; mended, it takes connections again', async () => {
    const socket = await open()
    await says(socket, 'one')
    const reset = closed(socket)
    proxy.cut()
    await reset
    const refused = connect(proxy.port, '127.0.0.1')
    refused.on('error', () => undefined)
    await closed(refused)
    proxy.pass()
    expect(await says(await open(), 'two')).toBe('two')
  })

  test('black hole: open connections and new ones stay open and silent; mended, what was said arrives late', async () => {
    const socket = await open()
    await says(socket, 'one')
    proxy.blackHole()
    const late = await open()
    let heard = ''
    for (const it of [socket, late]) {
      it.on('data', (bytes) => {
        heard += bytes
      })
      it.write('late')
    }
    // A proxy that let anything through would have done so before this much later connection is open.
    for (let n = 0; n < 20; n += 1) await open()
    expect([heard, socket.destroyed, late.destroyed]).toEqual(['', false, false])
    proxy.pass()
    await vi.waitFor(() => expect(heard).toBe('latelate'))
  })

  test('black hole: a client that gave up in it is given up too, once it is mended', async () => {
    const before = proxy.connections
    const socket = await open()
    await says(socket, 'one')
    proxy.blackHole()
    socket.destroy()
    proxy.pass()
    await vi.waitFor(() => expect(proxy.connections).toBeLessThanOrEqual(before))
  })
})

describe('before PostgreSQL', () => {
  let proxy: TcpProxy
  const clients: Client[] = []
  const open = async () => {
    const client = new Client({ connectionString: proxy.through() })
    client.on('error', () => undefined)
    clients.push(client)
    await client.connect()
    return client
  }
  const one = async (client: Client) => (await client.query('select 1 as one')).rows
  beforeAll(async () => {
    proxy = await TcpProxy.open(inject('servers').admin)
  })
  afterEach(async () => {
    proxy.pass()
    await Promise.all(clients.splice(0).map((it) => it.end().catch(() => undefined)))
  })
  afterAll(() => proxy.close())

  test('onlyListen: the connection that listens is cut, also a new one; the others go on', async () => {
    const [plain, feed] = [await open(), await open()]
    await feed.query('LISTEN portcullis_feed')
    const ended = closed(feed, 'end')
    proxy.cut({ onlyListen: true })
    await ended
    expect(await one(plain)).toEqual([{ one: 1 }])
    const again = await open()
    expect(await one(again)).toEqual([{ one: 1 }])
    await expect(again.query('listen portcullis_feed')).rejects.toThrow()
  })

  test('onlyListen: the connection that listens is silent until it is mended, and the others go on', async () => {
    const [plain, feed] = [await open(), await open()]
    await feed.query('listen portcullis_feed')
    proxy.blackHole({ onlyListen: true })
    let answered = false
    const asked = one(feed).finally(() => {
      answered = true
    })
    for (let n = 0; n < 20; n += 1) await one(plain)
    expect(answered).toBe(false)
    proxy.pass()
    expect(await asked).toEqual([{ one: 1 }])
  })

  test('deaf: LISTEN is answered, and never brings anything', async () => {
    const heard: string[] = []
    const listening = async (name: string) => {
      const client = await open()
      client.on('notification', () => heard.push(name))
      await client.query('listen portcullis_feed')
      return client
    }
    const before = await listening('before')
    const ended = closed(before, 'end')
    proxy.deafen()
    await ended
    const deaf = await listening('deaf')
    proxy.pass()
    const hears = await listening('hears')
    await hears.query('notify portcullis_feed')
    await one(hears)
    await deaf.query('notify portcullis_feed')
    // Its own notification would have come with the answer.
    await one(deaf)
    await vi.waitFor(() => expect(heard).toEqual(['hears', 'hears']))
  })
})
