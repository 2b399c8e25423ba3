/** A node of the syntax tree: its type (`UpdateStmt`) and its fields. */
export interface SqlNode {
  readonly type: string
  readonly fields: Readonly<Record<string, unknown>>
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const TYPE = /^[A-Z]/

/** Every node below a value, outermost first. Nodes are `{ "UpdateStmt": { … } }`; types begin with a capital. */
export function* nodesOf(value: unknown): Generator<SqlNode> {
  if (Array.isArray(value)) {
    for (const item of value) yield* nodesOf(item)
    return
  }
  if (!isObject(value)) return
  for (const [key, inner] of Object.entries(value)) {
    if (TYPE.test(key) && isObject(inner)) yield { type: key, fields: inner }
    yield* nodesOf(inner)
  }
}

/** The outermost node of a statement. */
export const topNode = (statement: unknown): SqlNode | null => nodesOf(statement).next().value ?? null
