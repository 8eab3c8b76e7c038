import type { Account } from './verification.ts'

/** A record that many answers rest on: forgotten once, all of them are. */
export class Shared {
  forgotten = false
  holders = 0
  readonly id: string

  constructor(id: string) {
    this.id = id
  }
}

export class SharedAccount extends Shared {
  readonly organization: Shared
  /** One object for all answers that tell the same of it. */
  view: Account | undefined

  constructor(id: string, organization: Shared, view: Account | undefined) {
    super(id)
    this.organization = organization
    this.view = view
  }
}

/**
 * Records by id, each as long as an answer holds it: whatever an answer rests on can be found when it must be
 * forgotten, and what nobody holds takes no room.
 */
export class Records<R extends Shared> {
  readonly #byId = new Map<string, R>()

  get size(): number {
    return this.#byId.size
  }

  get(id: string): R | undefined {
    return this.#byId.get(id)
  }

  /** Takes the place of what stood under this id, which is not believed any more. */
  put(record: R): R {
    this.forget(record.id)
    this.#byId.set(record.id, record)
    return record
  }

  hold(record: R): R {
    record.holders += 1
    return record
  }

  release(record: R): void {
    record.holders -= 1
    if (record.holders === 0 && this.#byId.get(record.id) === record) this.#byId.delete(record.id)
  }

  forget(id: string): void {
    const record = this.#byId.get(id)
    if (record) record.forgotten = true
    this.#byId.delete(id)
  }

  clear(): void {
    this.#byId.clear()
  }
}
