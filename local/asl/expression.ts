import jsonata from 'jsonata'

/**
 * The source of an expression, or `null` when the text is only text: Step Functions evaluates a string that begins with
 * `{%` and ends with `%}` exactly, without a blank before or after.
 */
export function expressionSource(text: string): string | null {
  return text.length >= 4 && text.startsWith('{%') && text.endsWith('%}') ? text.slice(2, -2).trim() : null
}

/** A stop for an expression that loops without end. Milliseconds. */
const TIME_LIMIT_MS = 5_000

/** Compiles the source. Throws what is wrong with it as one sentence. */
export function compile(source: string): jsonata.Expression {
  const expression = parse(source)
  const reference = topLevelReference(expression.ast() as Node) ?? rootReference(expression.ast())
  if (reference !== null) throw new Error(`Reference to '${reference}' at the top level is not supported`)
  return expression
}

function parse(source: string): jsonata.Expression {
  try {
    return jsonata(source, { timeout: TIME_LIMIT_MS })
  } catch (thrown) {
    throw new Error(describe(thrown))
  }
}

/** JSONata throws plain objects; AWS writes them as `code: message`. */
export function describe(thrown: unknown): string {
  const { code, message } = thrown as { code?: unknown; message?: unknown }
  return typeof code === 'string' ? `${code}: ${String(message)}` : String(message ?? thrown)
}

/** The parts of JSONata's syntax tree that are read here. */
interface Node {
  readonly type?: string
  readonly value?: unknown
  readonly steps?: readonly Node[]
  readonly lhs?: unknown
  readonly rhs?: unknown
  readonly expression?: Node
  readonly expressions?: readonly Node[]
  readonly arguments?: readonly Node[]
  readonly procedure?: Node
  readonly body?: Node
  readonly condition?: Node
  readonly then?: Node
  readonly else?: Node
}

/**
 * The first name that is read from a context item. An expression of Step Functions has none: the input is
 * `$states.input`, and AWS refuses `{% phone %}` when the machine is created. Later steps of a path, predicates, sort
 * terms and groupings have a context of their own.
 */
function topLevelReference(node: Node | undefined): string | null {
  if (node === undefined) return null
  switch (node.type) {
    case 'name':
      return String(node.value)
    case 'wildcard':
      return '*'
    case 'descendant':
      return '**'
    case 'variable':
      return node.value === '' ? '$' : null
    case 'path':
      return topLevelReference(node.steps?.[0])
    case 'lambda':
      return topLevelReference(node.body)
    default:
      return first([
        ...flatten(node.lhs),
        ...flatten(node.rhs),
        node.expression,
        ...(node.expressions ?? []),
        node.procedure,
        ...(node.arguments ?? []),
        node.condition,
        node.then,
        node.else,
      ])
  }
}

const first = (nodes: readonly (Node | undefined)[]): string | null => {
  for (const node of nodes) {
    const reference = topLevelReference(node)
    if (reference !== null) return reference
  }
  return null
}

/** One node, or the pairs of an object constructor. */
const flatten = (side: unknown): Node[] => (Array.isArray(side) ? side.flatMap(flatten) : side ? [side as Node] : [])

/** `$$` anywhere: it names the context item that is not there. */
function rootReference(node: unknown): '$$' | null {
  if (typeof node !== 'object' || node === null) return null
  if ((node as Node).type === 'variable' && (node as Node).value === '$') return '$$'
  return Object.values(node).some((child) => rootReference(child) !== null) ? '$$' : null
}
