import { parseSync } from 'oxc-parser'

/** What one file holds, as far as the style guide speaks of it. */
export interface FileFigures {
  lines: number
  /** Declared names that say nothing, with their lines. */
  forbiddenNames: Finding[]
  /** Exported and top-level functions named by a single word. */
  oneWordFunctions: Finding[]
  functions: number
  longFunctions: Finding[]
  comments: number
  /** Comments that begin with a relative clause. */
  relativeComments: Finding[]
  forbiddenWords: Finding[]
  imports: string[]
}

export interface Finding {
  line: number
  text: string
}

interface Node {
  type: string
  start: number
  end: number
  [key: string]: unknown
}

/** Pronouns, prepositions and adjectives: a reader learns nothing from them. */
const forbiddenNames = new Set(
  'it of by what whose whom who told room kept good anew dear mended doorkeeper keeper house floors shapes'.split(' '),
)

/** Words of the old vocabulary, and words that native technical writers do not use in comments. */
const forbiddenWords =
  /\b(whoever|whatever|anew|meanwhile|doorkeepers?|at three in the morning|nobody's|mended|mend|stands? (?:in|there|on|for)|lends?|lent)\b/gi

/** Names that libraries require, and verbs that are whole sentences in every codebase. */
const allowedOneWord = new Set('ok reject refuse route main up down migrate start stop close open'.split(' '))

const relativeClause = /^(?:who|whom|whose|what|which|whether|where|whoever|whatever)\b/i

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as Node).type === 'string'

function* childrenOf(node: Node): Generator<Node> {
  for (const [key, value] of Object.entries(node)) {
    if (key === 'parent') continue
    if (isNode(value)) yield value
    else if (Array.isArray(value)) for (const item of value) if (isNode(item)) yield item
  }
}

const functionTypes = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'])
const nameOf = (node: unknown): string | undefined =>
  isNode(node) && node.type === 'Identifier' ? (node.name as string) : undefined

/** The identifiers that a binding pattern declares. */
function* bindingsOf(pattern: unknown): Generator<Node> {
  if (!isNode(pattern)) return
  switch (pattern.type) {
    case 'Identifier':
      yield pattern
      return
    case 'ObjectPattern':
      for (const property of pattern.properties as Node[])
        yield* bindingsOf(property.type === 'RestElement' ? property.argument : property.value)
      return
    case 'ArrayPattern':
      for (const element of pattern.elements as (Node | null)[]) yield* bindingsOf(element)
      return
    case 'AssignmentPattern':
      yield* bindingsOf(pattern.left)
      return
    case 'RestElement':
      yield* bindingsOf(pattern.argument)
  }
}

function declarationsOf(node: Node): Node[] {
  if (node.type === 'VariableDeclarator') return [...bindingsOf(node.id)]
  if (functionTypes.has(node.type)) {
    const parameters = node.params as Node | Node[]
    const list = Array.isArray(parameters) ? parameters : ((parameters.items as Node[]) ?? [])
    const own = nameOf(node.id) === undefined ? [] : [node.id as Node]
    return [...own, ...list.flatMap((parameter) => [...bindingsOf(parameter.pattern ?? parameter)])]
  }
  return []
}

const isComponent = (name: string | undefined) => name !== undefined && /^[A-Z]/.test(name)
const isOneWord = (name: string) => /^[a-z]+$/.test(name) && !allowedOneWord.has(name)

const maxFunctionLines = 60
const maxComponentLines = 120

export function measureFile(path: string, source: string): FileFigures {
  const { program, comments, errors } = parseSync(path, source)
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`)
  const starts = [0, ...[...source.matchAll(/\n/g)].map((match) => match.index + 1)]
  const lineAt = (offset: number) => starts.findLastIndex((start) => start <= offset) + 1
  const isTest = /\.test\.tsx?$/.test(path)
  const figures: FileFigures = {
    lines: starts.length - 1,
    forbiddenNames: [],
    oneWordFunctions: [],
    functions: 0,
    longFunctions: [],
    comments: comments.length,
    relativeComments: [],
    forbiddenWords: [],
    imports: [...source.matchAll(/from '(\.[^']+)'/g)].map((match) => match[1] ?? ''),
  }

  const visit = (node: Node, name: string | undefined, isTopLevel: boolean): void => {
    for (const declared of declarationsOf(node)) {
      const text = declared.name as string
      if (forbiddenNames.has(text)) figures.forbiddenNames.push({ line: lineAt(declared.start), text })
    }
    if (functionTypes.has(node.type)) {
      const ownName = nameOf(node.id) ?? name
      if (isTopLevel && ownName !== undefined && !isComponent(ownName)) {
        figures.functions += 1
        if (isOneWord(ownName)) figures.oneWordFunctions.push({ line: lineAt(node.start), text: ownName })
      }
      const length = lineAt(node.end) - lineAt(node.start) + 1
      const limit = isComponent(ownName) ? maxComponentLines : maxFunctionLines
      const isExempt = isTest && ownName === undefined
      if (length > limit && !isExempt)
        figures.longFunctions.push({ line: lineAt(node.start), text: `${ownName ?? 'anonymous'}: ${length} lines` })
    }
    const inFunction = functionTypes.has(node.type)
    for (const child of childrenOf(node)) {
      const childName = node.type === 'VariableDeclarator' && child === node.init ? nameOf(node.id) : undefined
      visit(child, childName, isTopLevel && !inFunction && node.type !== 'CallExpression')
    }
  }
  visit(program as unknown as Node, undefined, true)

  for (const { value, start } of comments) {
    const text = value.replace(/^\s*\*?\s*/, '').trim()
    if (relativeClause.test(text)) figures.relativeComments.push({ line: lineAt(start), text: text.slice(0, 60) })
    for (const [word] of value.matchAll(forbiddenWords))
      figures.forbiddenWords.push({ line: lineAt(start), text: word })
  }
  return figures
}
