export interface StreamGuard {
  /** Judges the caller as if the request came now. */
  isAllowed: () => Promise<boolean>
  /** Calls back when the caller's rights may have changed; returns what ends that. */
  subscribe: (recheck: () => void) => () => void
}

/** The right to read an answer ended while it was being sent. */
export class ReadEnded extends Error {}

/**
 * An answer that takes long is sent only as long as its caller may have it: the right is judged again after each part is
 * read and before it is passed on, and whenever it may have changed, also while the client is not reading. The answer
 * then breaks off, so that nobody takes it for complete. (A6)
 */
export function guardStream(
  body: ReadableStream<Uint8Array>,
  { isAllowed, subscribe }: StreamGuard,
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  let unsubscribe: () => void = () => undefined
  let rechecking: Promise<void> | undefined
  let again = false

  const breakOff = (controller: ReadableStreamDefaultController, error: unknown) => {
    unsubscribe()
    controller.error(error)
    reader.cancel(error).catch(() => undefined)
  }

  const verify = async () => {
    if (!(await isAllowed())) throw new ReadEnded('The right to read this has ended.')
  }

  /** One check at a time; what changes during one is followed by another. */
  const recheck = (controller: ReadableStreamDefaultController): void => {
    again = rechecking !== undefined
    rechecking ??= verify()
      .catch((error: unknown) => breakOff(controller, error))
      .finally(() => {
        rechecking = undefined
        if (again) recheck(controller)
      })
  }

  return new ReadableStream(
    {
      start: (controller) => {
        unsubscribe = subscribe(() => recheck(controller))
      },
      pull: async (controller) => {
        try {
          const { value, done } = await reader.read()
          await verify()
          if (!done) return controller.enqueue(value)
          unsubscribe()
          controller.close()
        } catch (error) {
          breakOff(controller, error)
        }
      },
      cancel: (reason) => {
        unsubscribe()
        return reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}
