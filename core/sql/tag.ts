/** A statement with its parameters: `text` has `$1…$n`, `values` the parameters in that order. */
export interface Sql {
  readonly text: string
  readonly values: readonly unknown[]
}

const PARTS = Symbol('sql parts')
type Part = { raw: string } | { value: unknown }
type Composed = Sql & { readonly [PARTS]: readonly Part[] }

/** Quotes one identifier as PostgreSQL's `quote_ident` would when quoting is forced: always in double quotes. */
export const quoteIdentifier = (name: string): string => {
  if (name === '' || name.includes('\0')) throw new TypeError(`"${name}" cannot be an SQL identifier`)
  return `"${name.replaceAll('"', '""')}"`
}

/** Quotes a literal for the statements that take no parameters (utility statements): `E''` where a backslash needs it. */
export const quoteLiteral = (value: string): string => {
  if (value.includes('\0')) throw new TypeError('a NUL byte cannot be part of an SQL literal')
  const quoted = `'${value.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`
  return value.includes('\\') ? `E${quoted}` : quoted
}

const compose = (parts: readonly Part[]): Composed => {
  let text = ''
  const values: unknown[] = []
  for (const part of parts) {
    if ('raw' in part) text += part.raw
    else text += `$${values.push(part.value)}`
  }
  return { text, values, [PARTS]: parts }
}

const partsOf = (value: unknown): readonly Part[] =>
  typeof value === 'object' && value !== null && PARTS in value ? (value as Composed)[PARTS] : [{ value }]

/**
 * ``sql`select ${x} from ${sql.id(schema, table)}` ``: every `${}` is a parameter, except what `sql.id`, `sql.literal`,
 * `sql.join`, `sql.raw` or another `sql` made.
 */
export function sql(strings: TemplateStringsArray, ...values: unknown[]): Sql {
  return compose(strings.flatMap((raw, i) => (i === 0 ? [{ raw }] : [...partsOf(values[i - 1]), { raw }])))
}

/** A quoted, dot-joined identifier: `sql.id('public', 'embeddings')`. */
sql.id = (...names: string[]): Sql => compose([{ raw: names.map(quoteIdentifier).join('.') }])
/** A quoted literal, only for utility statements, which take no parameters. */
sql.literal = (value: string): Sql => compose([{ raw: quoteLiteral(value) }])
/** Text that already is SQL: a plan's own file, or what PostgreSQL's `pg_get_*def` functions gave. Never user input. */
sql.raw = (text: string): Sql => compose([{ raw: text }])
/** Joins statements or fragments, with `, ` by default. */
sql.join = (items: readonly Sql[], separator = ', '): Sql =>
  compose(items.flatMap((item, i) => (i === 0 ? partsOf(item) : [{ raw: separator }, ...partsOf(item)])))
