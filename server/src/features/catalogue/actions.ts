import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { type Document, isAlias, isMap, isNode, isScalar, LineCounter, parseDocument, visit } from 'yaml'
import type * as z from 'zod'
import { type Catalogue, catalogueFaults, type Feature, withOwn } from './rules.ts'
import { CatalogueFeature, CatalogueFile, maxCatalogueBytes } from './shapes.ts'

/** A fault of the file, where it stands (both from 1) and what to do about it. */
export interface FileFault {
  line: number
  column: number
  message: string
}

export type ReadFile = { ok: true; features: Feature[] } | { ok: false; faults: FileFault[] }

type Path = readonly (string | number)[]
const said = (path: Path, message: string) => (path.length === 0 ? message : `${path.join('.')}: ${message}`)

const nouns: Record<string, string> = { string: 'a text', array: 'a list', object: 'fields' }

/** What to do about a fault that the shape has no words of its own for. */
const words: z.core.$ZodErrorMap = (issue) => {
  if (issue.code !== 'invalid_type') return undefined
  if ((issue.path ?? []).length === 0) return 'Begin with `features:` and the list of features below it.'
  const wanted = nouns[issue.expected] ?? issue.expected
  return issue.input === undefined ? `It is missing: enter ${wanted}.` : `Enter ${wanted} here.`
}

/** Where things stand in the text. */
function placesOf(document: Document, lines: LineCounter) {
  const at = (offset: number | undefined) => {
    const { line, col } = lines.linePos(offset ?? 0)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  return {
    at,
    /** Where a path leads; where nothing stands, what is nearest above it. */
    of: (path: Path) => {
      for (let length = path.length; length >= 0; length -= 1) {
        const node = document.getIn(path.slice(0, length), true)
        if (isNode(node) && !isAlias(node) && node.range) return at(node.range[0])
      }
      return at(0)
    },
    /** A field itself, rather than what it says. */
    ofField: (path: Path, field: string) => {
      const map = document.getIn(path, true)
      const pair = isMap(map) ? map.items.find(({ key }) => isScalar(key) && String(key.value) === field) : undefined
      return at(isScalar(pair?.key) ? pair.key.range?.[0] : 0)
    },
  }
}
type Places = ReturnType<typeof placesOf>

/** What is no YAML at all, or not the plain one that we read. */
function yamlFaults(document: Document.Parsed, { at }: Places): FileFault[] {
  const faults = [...document.errors, ...document.warnings].map((it) => ({
    ...at(it.pos[0]),
    message: it.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? 'This is no YAML.',
  }))
  visit(document, {
    Alias: (_, alias) => {
      if (!alias.resolve(document))
        faults.push({ ...at(alias.range?.[0]), message: `There is no anchor &${alias.source} above.` })
    },
  })
  return faults
}

/** What the shape has to say, each where it stands, in the order of the text. */
function shapeFaults(issues: readonly z.core.$ZodIssue[], places: Places): FileFault[] {
  const faults = issues.flatMap((issue) => {
    const path = issue.path.map((it) => (typeof it === 'symbol' ? String(it) : it))
    if (issue.code !== 'unrecognized_keys') return [{ ...places.of(path), message: said(path, issue.message) }]
    const known = Object.keys((path.length === 0 ? CatalogueFile : CatalogueFeature).shape).join(', ')
    return issue.keys.map((field) => ({
      ...places.ofField(path, field),
      message: said([...path, field], `There is no such field; there are ${known}.`),
    }))
  })
  return faults.sort((a, b) => a.line - b.line || a.column - b.column)
}

const tooLarge = 'The file is larger than 1 MiB.'

/** F1: the text of a catalogue as features, or every fault in it by line and column. Pure. */
export function readCatalogue(text: string): ReadFile {
  if (Buffer.byteLength(text) > maxCatalogueBytes)
    return { ok: false, faults: [{ line: 1, column: 1, message: tooLarge }] }
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, schema: 'core', uniqueKeys: true, merge: false })
  const places = placesOf(document, lines)
  const broken = yamlFaults(document, places)
  if (broken.length > 0) return { ok: false, faults: broken }
  const plain = plainOf(document)
  if (!plain) return { ok: false, faults: [{ line: 1, column: 1, message: 'There are too many aliases (*).' }] }
  const read = CatalogueFile.safeParse(plain.value, { error: words })
  if (!read.success) return { ok: false, faults: shapeFaults(read.error.issues, places) }
  const features = read.data.features.map(toFeature)
  const faults = catalogueFaults(features).map(({ index, path, message }) => ({
    ...places.of(['features', index, ...path]),
    message: said(['features', index, ...path], message),
  }))
  return faults.length > 0 ? { ok: false, faults } : { ok: true, features }
}

/** Few aliases: a catalogue is read by people, and a bomb of aliases by nobody. */
function plainOf(document: Document): { value: unknown } | undefined {
  try {
    return { value: document.toJS({ maxAliasCount: 100 }) }
  } catch {
    return undefined
  }
}

type Written = ReturnType<typeof CatalogueFile.parse>['features'][number]

const toFeature = (it: Written): Feature => ({
  key: it.key,
  name: it.name,
  description: it.description,
  stage: it.stage,
  documentationUrl: it.documentation ?? null,
  feedbackUrl: it.feedback ?? null,
  since: it.since ?? null,
  plannedEnd: it.plannedEnd ?? null,
  requires: it.requires ?? [],
  organizations: it.organizations ?? [],
})

/** The faults as lines of `file:line:column: message`, which terminals and editors turn into links. */
export const faultLines = (file: string, faults: readonly FileFault[]): string[] =>
  faults.map(({ line, column, message }) => `${file}:${line}:${column}: ${message}`)

/** The file's text as it stands now; undefined with the reason when it cannot be read. */
async function textOf(file: string): Promise<{ text: string } | { fault: string }> {
  try {
    // Never more of it in memory than a catalogue can have.
    if ((await stat(file)).size > maxCatalogueBytes) return { fault: tooLarge }
    return { text: await readFile(file, 'utf8') }
  } catch (error) {
    return { fault: `The file cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'}).` }
  }
}

const readText = (it: { text: string } | { fault: string }): ReadFile =>
  'text' in it ? readCatalogue(it.text) : { ok: false, faults: [{ line: 1, column: 1, message: it.fault }] }

/** A file that cannot be read has a fault like another. */
export const readCatalogueFile = async (file: string): Promise<ReadFile> => readText(await textOf(file))

/** A catalogue that stops the start (F1); its message is for the operator. */
export class BrokenCatalogue extends Error {
  override readonly name = 'BrokenCatalogue'
  constructor(file: string, faults: readonly FileFault[]) {
    super(
      ['The catalogue of preview features (PORTCULLIS_FEATURES) is broken:', '', ...faultLines(file, faults)].join(
        '\n',
      ),
    )
  }
}

/** The features of a file; throws `BrokenCatalogue` when it has a fault. */
export async function mustRead(file: string): Promise<Feature[]> {
  const read = await readCatalogueFile(file)
  if (!read.ok) throw new BrokenCatalogue(file, read.faults)
  return read.features
}

interface CatalogueParts {
  /** Undefined: our own features alone. */
  file: string | undefined
  /** The number of a content, the same for all processes. */
  number: (hash: string) => Promise<number>
  /** Told of each reload: taken over, or refused with its faults. */
  reloaded: (outcome: { ok: true; number: number } | { ok: false; faults: readonly FileFault[] }) => void
  /** A look that failed (the database is away); it is tried again. */
  failed: (error: unknown) => void
}

export interface LiveCatalogue {
  current: () => Catalogue
  onChange: (listener: () => void) => () => void
  /** Looks whether the file is another one and takes it over; a timer does it about every second. */
  look: () => Promise<void>
}

const hashOf = (features: readonly Feature[]) =>
  createHash('sha256').update(JSON.stringify(features)).digest('base64url')

/** Opens the catalogue and keeps up with its file (F1). Throws with the faults when it is broken at the start. */
export async function openCatalogue({ file, number, reloaded, failed }: CatalogueParts): Promise<LiveCatalogue> {
  const listeners = new Set<() => void>()
  const take = async (features: readonly Feature[]): Promise<Catalogue> => {
    const all = withOwn(features)
    return { features: all, number: await number(hashOf(all)) }
  }
  let current = await take(file === undefined ? [] : await mustRead(file))
  let hash = hashOf(current.features)
  let last: string | undefined
  let looking: Promise<void> | undefined
  let following: Promise<void> | undefined

  /** Reads it each time: times and sizes may be the same after a change, and a mebibyte is read at once. */
  const lookAt = async (path: string): Promise<void> => {
    const found = await textOf(path)
    const seen = JSON.stringify(found)
    if (seen === last) return
    const read = readText(found)
    if (!read.ok) {
      last = seen
      return reloaded({ ok: false, faults: read.faults })
    }
    const next = await take(read.features)
    // Only now: should numbering fail, the same file is looked at again.
    last = seen
    const nextHash = hashOf(next.features)
    if (nextHash === hash && next.number === current.number) return
    current = next
    hash = nextHash
    reloaded({ ok: true, number: current.number })
    for (const listener of listeners) listener()
  }

  /** What was written before this was called is seen: one look follows the one that runs already. */
  const look = (): Promise<void> => {
    if (file === undefined) return Promise.resolve()
    if (looking) {
      following ??= looking.then(() => {
        following = undefined
        return look()
      })
      return following
    }
    looking = lookAt(file)
      .catch(failed)
      .finally(() => {
        looking = undefined
      })
    return looking
  }

  return {
    current: () => current,
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    look,
  }
}
