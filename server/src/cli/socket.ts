import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { Server as SocketServer } from 'node:net'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import type { AnyCommand, CommandContext, Outcome, Print } from './command.ts'
import { dispatch } from './dispatch.ts'
import { reasonOf } from './doctor/finding.ts'

/*
 * HTTP over the Unix socket of the data folder: `POST /commands/{name}` with JSON arguments; the answer is one JSON
 * object a line: `{line}` to be printed as it comes, `{exitCode, value?}` at the end. Who may connect is decided by the
 * socket's mode (0600) alone: whoever can open it could read the database's files as well.
 */

type Said = { line: string } | Outcome

/** One command a connection: an idle one would hold up the release of the folder. */
const streaming = { 'content-type': 'application/x-ndjson', connection: 'close' }

/** A checkpoint takes 150 bytes an organization. */
const maxArgumentBytes = 16 * 1024 * 1024

async function readArguments(asked: IncomingMessage): Promise<unknown> {
  if (Number(asked.headers['content-length'] ?? Number.POSITIVE_INFINITY) > maxArgumentBytes) {
    throw new Error('Arguments come with a Content-Length of at most 16 MiB.')
  }
  return JSON.parse(await text(asked))
}

async function serve(
  commands: readonly AnyCommand[],
  context: CommandContext,
  asked: IncomingMessage,
  reply: ServerResponse,
) {
  const say = (said: Said) => void reply.write(`${JSON.stringify(said)}\n`)
  const name = /^\/commands\/([a-z-]+)$/.exec(asked.url ?? '')?.[1]
  if (asked.method !== 'POST' || name === undefined) {
    reply.writeHead(404).end()
    return
  }
  reply.writeHead(200, streaming)
  try {
    const args = await readArguments(asked)
    say(await dispatch(commands, context, { name, args }, (line) => say({ line })))
  } catch (error) {
    say({ line: `The running instance could not do it: ${reasonOf(error)}` })
    say({ exitCode: 1 })
  }
  reply.end()
}

/** Answers the commands that arrive at the data folder's socket. */
export function answerCommands(socket: SocketServer, commands: readonly AnyCommand[], context: CommandContext): void {
  const http = createServer((asked, reply) => void serve(commands, context, asked, reply))
  socket.on('connection', (connection) => http.emit('connection', connection))
}

/** For a command that has the folder to itself for a moment: whoever comes meanwhile is told so. */
export function answerBusy(socket: SocketServer): void {
  const http = createServer((_asked, reply) => {
    reply.writeHead(200, streaming)
    reply.write(
      `${JSON.stringify({ line: 'Another command is at work on this data folder; try again when it is done.' })}\n`,
    )
    reply.end(`${JSON.stringify({ exitCode: 1 })}\n`)
  })
  socket.on('connection', (connection) => http.emit('connection', connection))
}

const nobodyThere = ['ENOENT', 'ECONNREFUSED', 'ENOTSOCK']

/** A holder that has not opened its database yet hears nobody; it needs a few seconds, and more is a sign of trouble. */
const patienceMs = 15_000
const silence = 'The instance that holds the data folder does not answer: it is starting, or hangs; look at its log.'

/** Has the running instance run a command; undefined when no instance listens at this socket. */
export async function askRunning(
  socketPath: string,
  asked: { name: string; args: unknown },
  print: Print,
): Promise<Outcome | undefined> {
  const body = JSON.stringify(asked.args)
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
  const answer = await new Promise<IncomingMessage | undefined>((resolve, reject) => {
    const sent = request({ socketPath, method: 'POST', path: `/commands/${asked.name}`, headers }, (heard) => {
      clearTimeout(timer)
      resolve(heard)
    })
    const timer = setTimeout(() => sent.destroy(new Error(silence)), patienceMs)
    sent.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer)
      if (nobodyThere.includes(error.code ?? '')) resolve(undefined)
      else reject(error)
    })
    sent.end(body)
  })
  return answer && hear(answer, print)
}

async function hear(answer: IncomingMessage, print: Print): Promise<Outcome> {
  let outcome: Outcome | undefined
  try {
    for await (const line of createInterface({ input: answer })) {
      const said = JSON.parse(line) as Said
      if ('line' in said) print(said.line)
      else outcome = said
    }
  } catch {
    outcome = undefined
  }
  if (outcome) return outcome
  print('The running instance stopped before it had finished; look at its log for what was done.')
  return { exitCode: 1 }
}
