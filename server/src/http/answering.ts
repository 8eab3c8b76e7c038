import type { ServerResponse } from 'node:http'

const answers = new WeakMap<Request, ServerResponse>()

/** Remembers where the answer to a request is written. */
export const willAnswer = (request: Request, res: ServerResponse): void => void answers.set(request, res)

/** Calls back once all of an answer has left or its client has; at once where it is written to no socket. */
export function onceTaken(request: Request, done: () => void): void {
  const res = answers.get(request)
  if (res === undefined || res.closed) done()
  else res.once('close', done)
}
