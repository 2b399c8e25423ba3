import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml'
import { type Problem, printPath } from './problem.ts'

export interface Position {
  readonly line: number
  readonly column: number
}

export interface YamlFile {
  /** The plain value; `undefined` when `problems` is not empty. */
  readonly value: unknown
  readonly problems: readonly Problem[]
  /** Where a value stands, or the nearest thing above it that is there. */
  readonly at: (path: readonly PropertyKey[]) => Position
  /** Where the key of a mapping stands. */
  readonly atKey: (path: readonly PropertyKey[]) => Position
}

const START: Position = { line: 1, column: 1 }

type Rule = { readonly message: string; readonly fix: string }

/** What YAML allows and a plan does not need: each is a way to say something else than what one reads. */
const refused = (node: Node, key: boolean): Rule | null => {
  if (isAlias(node)) {
    return { message: `"*${node.source}" is an alias.`, fix: 'Write the value out: a plan has no aliases.' }
  }
  if (node.anchor !== undefined) {
    return { message: `"&${node.anchor}" is an anchor.`, fix: 'Remove it: a plan has no anchors and aliases.' }
  }
  if (node.tag !== undefined) {
    return { message: `"${node.tag}" is a tag.`, fix: 'Remove it: a plan has plain values only.' }
  }
  if (!key) return null
  if (!isScalar(node) || typeof node.value !== 'string') {
    return { message: `The key "${String(node)}" is not text.`, fix: 'Put the key in quotes.' }
  }
  if (node.value === '<<')
    return { message: '"<<" is a merge key.', fix: 'Write the keys out: a plan has no merge keys.' }
  if (node.value === '__proto__') return { message: '"__proto__" cannot be a key.', fix: 'Remove it.' }
  return null
}

const find = (root: unknown, path: readonly PropertyKey[], wanted: 'key' | 'value'): Node | null => {
  let found: Node | null = null
  let node: unknown = root
  for (const [depth, part] of path.entries()) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === part)
      if (pair === undefined) return found
      const last = depth === path.length - 1
      node = pair.value
      if (isNode(pair.key)) found = pair.key
      if (!(last && wanted === 'key') && isScalar(node) && node.value !== null) found = node
    } else if (isSeq(node)) {
      node = node.items[Number(part)]
      if (!isNode(node)) return found
      found = node
    } else return found
  }
  return found
}

/**
 * Parses YAML 1.2 into plain values, with the position of each. No aliases, anchors, tags, merge keys or duplicate
 * keys; one document.
 */
export const parseYaml = (file: string, text: string): YamlFile => {
  const lines = new LineCounter()
  const positionOf = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const problem = (offset: number, rule: Rule, path = ''): Problem => ({ file, ...positionOf(offset), path, ...rule })
  const failed = (problems: Problem[]): YamlFile => ({
    value: undefined,
    problems,
    at: () => START,
    atKey: () => START,
  })

  let document: Document.Parsed
  try {
    document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      version: '1.2',
      merge: false,
      strict: true,
      uniqueKeys: true,
    })
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return failed([
      { file, ...START, path: '', message: 'It is nested too deeply.', fix: 'A plan needs about ten levels.' },
    ])
  }

  const problems = document.errors.map((error) =>
    problem(error.pos[0], { message: `${error.message}.`, fix: 'Correct the YAML.' }),
  )
  if (document.directives?.yaml.explicit === true) {
    problems.push(
      problem(0, { message: 'A %YAML directive stands at the start.', fix: 'Remove it: plans are YAML 1.2.' }),
    )
  }
  if (problems.length > 0) return failed(problems)

  visit(document, {
    Node(key, node, ancestors) {
      const parent = ancestors.at(-1)
      const rule = refused(node, key === 'key' && isPair(parent))
      if (rule !== null) problems.push(problem(node.range?.[0] ?? 0, rule))
    },
  })
  if (problems.length > 0) return failed(problems)

  const locate = (wanted: 'key' | 'value') => (path: readonly PropertyKey[]) => {
    const node = find(document.contents, path, wanted)
    return node?.range === undefined || node.range === null ? START : positionOf(node.range[0])
  }
  return { value: document.toJS({ maxAliasCount: 0 }), problems, at: locate('value'), atKey: locate('key') }
}

/** A problem at a place of the file. */
export const problemAt = (yaml: YamlFile, file: string, path: readonly PropertyKey[], rule: Rule): Problem => ({
  file,
  ...yaml.at(path),
  path: printPath(path),
  ...rule,
})
