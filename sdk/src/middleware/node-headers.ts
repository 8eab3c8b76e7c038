/** What is asked of a request of `node:http`. */
export interface NodeRequest {
  readonly rawHeaders: readonly string[]
}

/** All values of a header: node's own view drops a second `Authorization` without a word. */
export function valuesOf({ rawHeaders }: NodeRequest, name: string): string[] {
  const values: string[] = []
  for (let at = 0; at + 1 < rawHeaders.length; at += 2)
    if (rawHeaders[at]!.toLowerCase() === name) values.push(rawHeaders[at + 1]!)
  return values
}
