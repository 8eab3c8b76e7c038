import { mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BrokenCatalogue, type FileFault, faultLines, openCatalogue, readCatalogue } from './actions.ts'
import { ownFeatures, stages } from './rules.ts'

const good = `# Ours
features:
  - key: answers
    name: Answers
    description: Better ones.
    stage: public_preview
    documentation: https://docs.example/answers
    since: 2026-01-02
  - key: citations
    name: Citations
    description: With answers.
    stage: private_preview
    requires: [answers]
    organizations: [acme]
`

describe('F1: the file', () => {
  test('is read as features, with what is left out as nothing', () => {
    expect(readCatalogue(good)).toEqual({
      ok: true,
      features: [
        {
          key: 'answers',
          name: 'Answers',
          description: 'Better ones.',
          stage: 'public_preview',
          documentationUrl: 'https://docs.example/answers',
          feedbackUrl: null,
          since: '2026-01-02',
          plannedEnd: null,
          requires: [],
          organizations: [],
        },
        expect.objectContaining({ key: 'citations', requires: ['answers'], organizations: ['acme'] }),
      ],
    })
  })

  test('is what the example shows, in every stage', () => {
    const text = readFileSync(join(import.meta.dirname, '../../../../examples/features.yaml'), 'utf8')
    const read = readCatalogue(text)
    expect(read.ok && new Set(read.features.map((it) => it.stage))).toEqual(new Set(stages))
  })

  test('may hold no feature at all', () => {
    expect(readCatalogue('features: []')).toEqual({ ok: true, features: [] })
  })

  const faultsOf = (text: string): [number, number, string][] => {
    const read = readCatalogue(text)
    return read.ok ? [] : read.faults.map((it) => [it.line, it.column, it.message])
  }
  /** `good` with one line of it replaced, by its number. */
  const withLine = (line: number, text: string) =>
    good
      .split('\n')
      .map((it, i) => (i === line - 1 ? text : it))
      .join('\n')

  test.each<[what: string, text: string, line: number, column: number, message: RegExp]>([
    ['an unknown stage', withLine(6, '    stage: beta'), 6, 12, /public_preview/],
    ['a duplicate key of features', withLine(9, '  - key: answers').replace('requires: [answers]', ''), 9, 10, /twice/],
    ['a duplicate key of YAML', withLine(5, '    name: Again\n    description: x'), 5, 5, /unique/],
    ['a missing requirement', withLine(13, '    requires: [nothing]'), 13, 16, /not in the catalogue/],
    ['a circle', withLine(8, '    requires: [answers]'), 8, 15, /answers → answers/],
    ['a requirement less mature', withLine(6, '    stage: withdrawn'), 13, 16, /less mature/],
    ['a requirement twice', withLine(13, '    requires: [answers, answers]'), 13, 25, /twice|once/],
    ['dates that contradict', withLine(8, '    since: 2026-01-02\n    plannedEnd: 2026-01-01'), 9, 17, /before/],
    ['no day', withLine(8, '    since: yesterday'), 8, 12, /YYYY-MM-DD/],
    ['a day that is none', withLine(8, '    since: 2026-02-30'), 8, 12, /YYYY-MM-DD/],
    ['organizations outside a private preview', withLine(8, '    organizations: [acme]'), 8, 20, /private preview/],
    ['an unknown field', withLine(8, '    owner: me'), 8, 5, /owner/],
    ['a bad URL', withLine(7, '    documentation: docs'), 7, 20, /https:\/\//],
    ['a script for a URL', withLine(7, '    documentation: javascript:alert(1)'), 7, 20, /https:\/\//],
    ['a URL over two lines', withLine(7, '    documentation: "https://a.example/\\nb"'), 7, 20, /https:\/\//],
    ['half a character', withLine(4, '    name: "\\ud800"'), 4, 11, /control characters/],
    ['a name on two lines', withLine(4, '    name: "a\\nb"'), 4, 11, /one line/],
    ['a key against the pattern', withLine(3, '  - key: Answers'), 3, 10, /letters/],
    ['no name', withLine(4, ''), 3, 5, /name: It is missing/],
    ['an empty name', withLine(4, '    name: "  "'), 4, 11, /Enter a text/],
    ['a number for a name', withLine(4, '    name: 7'), 4, 11, /Enter a text/],
    ['no list', 'features: 7', 1, 11, /Enter a list/],
    ['nothing', '', 1, 1, /Begin with/],
    ['no field but an unknown one', 'feature: []\nfeatures: []', 1, 1, /there are features/],
    ['no YAML', 'features: [', 1, 12, /./],
    ['two documents', `${good}---\n${good}`, 15, 1, /./],
    ['an alias of nothing', 'features: *nothing', 1, 11, /&nothing/],
    ['an organization twice', withLine(14, '    organizations: [acme, acme]'), 14, 27, /twice/],
  ])('%s: told by line, column and what to do', (_, text, line, column, message) => {
    expect(faultsOf(text)).toEqual([[line, column, expect.stringMatching(message)]])
  })

  test('every fault of the file is told, not the first alone', () => {
    const text = withLine(6, '    stage: beta')
      .replace('[acme]', 'acme')
      .replace('https://docs.example/answers', 'docs')
    expect(faultsOf(text).map(([line]) => line)).toEqual([6, 7, 14])
  })

  test('bounds: bytes, features, and aliases that blow up', () => {
    expect(faultsOf(`# ${'x'.repeat(1024 * 1024)}\n${good}`)).toEqual([[1, 1, expect.stringContaining('MiB')]])
    const many = Array.from({ length: 501 }, (_, i) => `  - { key: k${i}, name: n, description: d, stage: withdrawn }`)
    expect(faultsOf(`features:\n${many.join('\n')}`)).toHaveLength(1)
    expect(faultsOf(`features:\n${many.slice(1).join('\n')}`)).toEqual([])
    const bomb = Array.from({ length: 20 }, (_, i) =>
      i === 0
        ? 'a0: &a0 [x]'
        : `a${i}: &a${i} [${Array(9)
            .fill(`*a${i - 1}`)
            .join(', ')}]`,
    )
    expect(faultsOf(`${bomb.join('\n')}\nfeatures: *a19`).length).toBeGreaterThan(0)
  })

  test('faults are lines that terminals turn into links', () => {
    expect(faultLines('features.yaml', [{ line: 3, column: 5, message: 'Wrong.' }])).toEqual([
      'features.yaml:3:5: Wrong.',
    ])
  })
})

describe('F1: a live catalogue', () => {
  let folder: string
  let file: string
  let hashes: string[]
  let reloads: (number | readonly FileFault[])[]
  let failures: unknown[]
  let away: boolean

  let numbering: (() => Promise<void>) | undefined

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'portcullis-catalogue-'))
    file = join(folder, 'features.yaml')
    writeFileSync(file, good)
    hashes = []
    reloads = []
    failures = []
    away = false
    numbering = undefined
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  /** Numbers as the database does: the latest again, anything else anew. */
  const number = async (hash: string) => {
    await numbering?.()
    if (away) throw new Error('away')
    if (hashes.at(-1) !== hash) hashes.push(hash)
    return hashes.length
  }
  const openIt = (path: string | undefined = file) =>
    openCatalogue({
      file: path,
      number,
      reloaded: (it) => reloads.push(it.ok ? it.number : it.faults),
      failed: (error) => failures.push(error),
    })
  const keysOf = (it: Awaited<ReturnType<typeof openIt>>) =>
    it
      .current()
      .features.map(({ key }) => key)
      .slice(0, -ownFeatures.length)
  const other = good.replaceAll('citations', 'sources')

  test("without a file it is Portcullis' own two features", async () => {
    const it = await openCatalogue({ file: undefined, number, reloaded: () => undefined, failed: () => undefined })
    expect(it.current()).toEqual({ features: ownFeatures, number: 1 })
    await it.look()
  })

  test('a broken file stops the start, with the file, line and column', async () => {
    writeFileSync(file, good.replace('public_preview', 'beta'))
    await expect(openIt()).rejects.toThrow(BrokenCatalogue)
    await expect(openIt()).rejects.toThrow(`${file}:6:12: `)
    await expect(openIt(join(folder, 'absent.yaml'))).rejects.toThrow('ENOENT')
  })

  test('a look takes a changed file over and tells; one that is the same says nothing', async () => {
    const it = await openIt()
    let told = 0
    const stop = it.onChange(() => {
      told += 1
    })
    await it.look()
    expect([keysOf(it), told, reloads]).toEqual([['answers', 'citations'], 0, []])
    writeFileSync(file, other)
    await it.look()
    expect([keysOf(it), told, reloads]).toEqual([['answers', 'sources'], 1, [2]])
    writeFileSync(file, `# A remark changes nothing\n${other}`)
    await it.look()
    expect([told, reloads]).toEqual([1, [2]])
    stop()
    writeFileSync(file, good)
    await it.look()
    expect([keysOf(it), it.current().number, told]).toEqual([['answers', 'citations'], 3, 1])
  })

  test('a file that was renamed over it, and a symbolic link that was switched, are seen', async () => {
    const it = await openIt()
    writeFileSync(`${file}.new`, other)
    renameSync(`${file}.new`, file)
    await it.look()
    expect(keysOf(it)).toEqual(['answers', 'sources'])

    const link = join(folder, 'link.yaml')
    writeFileSync(join(folder, 'one'), good)
    writeFileSync(join(folder, 'two'), other)
    symlinkSync('one', link)
    const linked = await openIt(link)
    symlinkSync('two', `${link}.new`)
    renameSync(`${link}.new`, link)
    await linked.look()
    expect(keysOf(linked)).toEqual(['answers', 'sources'])
  })

  test('a broken file is refused once and the last good one stays; a file that is gone too; mended, it is taken over', async () => {
    const it = await openIt()
    const before = it.current()
    writeFileSync(file, good.replace('public_preview', 'beta'))
    await it.look()
    await it.look()
    expect(reloads).toEqual([[expect.objectContaining({ line: 6, column: 12 })]])
    expect(it.current()).toBe(before)
    rmSync(file)
    await it.look()
    await it.look()
    expect(reloads).toHaveLength(2)
    expect(it.current()).toBe(before)
    writeFileSync(file, other)
    await it.look()
    expect(keysOf(it)).toEqual(['answers', 'sources'])
  })

  test('while the database is away a changed file waits, and is taken over by a later look', async () => {
    const it = await openIt()
    writeFileSync(file, other)
    away = true
    await it.look()
    expect([keysOf(it), failures.length]).toEqual([['answers', 'citations'], 1])
    away = false
    await it.look()
    expect(keysOf(it)).toEqual(['answers', 'sources'])
  })

  test('a look that is asked for while another runs sees what was written meanwhile; more of them share it', async () => {
    const it = await openIt()
    const held = Promise.withResolvers<void>()
    const reached = Promise.withResolvers<void>()
    numbering = () => {
      reached.resolve()
      return held.promise
    }
    writeFileSync(file, other)
    const first = it.look()
    await reached.promise
    const later = [it.look(), it.look()]
    expect(later[0]).toBe(later[1])
    writeFileSync(file, 'features: []')
    held.resolve()
    await first
    await Promise.all(later)
    expect(keysOf(it)).toEqual([])
  })
})
