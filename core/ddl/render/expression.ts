import { type Sql, sql } from '#core/sql/tag.ts'

/** A parenthesis or bracket with all that it holds is one part. Spaces are parts, too. */
interface Part {
  readonly text: string
  /** What is between the parentheses or brackets. */
  readonly inner?: readonly Part[]
}

/** Strings, quoted names, dollar quotes and words in one piece each. PostgreSQL prints no comments. */
const TOKEN =
  /[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$((?:[\p{L}_][\p{L}\p{N}_]*)?)\$.*?\$\1\$|[\p{L}_][\p{L}\p{N}_$]*|\d[\w.]*|\s+|::|./suy

/**
 * A text of PostgreSQL's `pg_get_*` functions, to be read by PostgreSQL again, so that it understands what it had before and
 * prints the same text once more. By itself it does not: it pushes the cast of an `ARRAY[…]` into the elements, which is not
 * what `varchar_column in ('a', 'b')` was, and joins a leading `(a AND b)` with the AND behind it, which a BETWEEN is not part
 * of. A cast of either to the type that it has anyhow stops that, and leaves no trace in what is stored.
 */
export const asItWas = (text: string): Sql => sql.raw(keepShape(text))

export const keepShape = (text: string): string => {
  const parts = partsOf(text)
  return parts === null ? text : print(parts)
}

/** `null` for a text that is not balanced. */
function partsOf(text: string): Part[] | null {
  const open: { bracket: string; parts: Part[] }[] = [{ bracket: '', parts: [] }]
  for (let at = 0; at < text.length; ) {
    TOKEN.lastIndex = at
    const token = TOKEN.exec(text)?.[0] ?? text.slice(at)
    at += token.length
    if (token === '(' || token === '[') {
      open.push({ bracket: token, parts: [] })
    } else if (token === ')' || token === ']') {
      const closed = open.pop()
      if (!closed || closed.bracket !== (token === ')' ? '(' : '[')) return null
      open.at(-1)?.parts.push({ text: closed.bracket, inner: closed.parts })
    } else open.at(-1)?.parts.push({ text: token })
  }
  return open.length === 1 ? (open[0]?.parts ?? null) : null
}

const print = (parts: readonly Part[]): string =>
  parts.map((part, i) => printPart(part, parts.slice(0, i).filter(isThere), parts.slice(i + 1).find(isThere))).join('')

function printPart({ text, inner }: Part, before: readonly Part[], next: Part | undefined): string {
  if (!inner) return text
  const printed = print(inner)
  const isCast = next?.text === '::'
  if (text === '[') {
    const type = isCast && before.at(-1)?.text === 'ARRAY' ? typeOfList(inner) : null
    return type === null ? `[${printed}]` : `[${printed}]::${type}`
  }
  const type = isCast ? typeOfArray(inner) : null
  if (type !== null) return `(${printed}::${type})`
  const joiner = before.length === 0 ? joinerOf(inner) : null
  return joiner !== null && next?.text === joiner ? `(${printed})::boolean` : `(${printed})`
}

const isThere = ({ text }: Part): boolean => text.trim() !== ''

/** What joins the terms of a group: PostgreSQL puts each chain of AND or OR into parentheses of its own. */
const joinerOf = (inner: readonly Part[]): string | null =>
  inner.find(({ text }) => text === 'AND' || text === 'OR')?.text ?? null

/** The type of `ARRAY[…]` and nothing else; `null` for others, and where it cannot be told. */
function typeOfArray(parts: readonly Part[]): string | null {
  const [keyword, list, ...more] = parts.filter(isThere)
  return keyword?.text === 'ARRAY' && list?.text === '[' && list.inner && more.length === 0
    ? typeOfList(list.inner)
    : null
}

/** The elements have one type, and some are printed with it. */
function typeOfList(elements: readonly Part[]): string | null {
  const comma = elements.findIndex(({ text }) => text === ',')
  const first = comma < 0 ? elements : elements.slice(0, comma)
  const nested = typeOfArray(first)
  const type = nested ?? typeOf(first)
  if (type === null) return comma < 0 ? null : typeOfList(elements.slice(comma + 1))
  return type.endsWith(']') ? type : `${type}[]`
}

/** Constants are printed with their type, but for those that can be of one only. */
function typeOf(element: readonly Part[]): string | null {
  const cast = element.findLastIndex(({ text }) => text === '::')
  if (cast >= 0) {
    const type = element.slice(cast + 1)
    return type.every(isOfType) ? print(type).trim() : null
  }
  const [constant, ...more] = element.filter(isThere)
  if (!constant || more.length > 0) return null
  if (constant.text === 'true' || constant.text === 'false') return 'boolean'
  if (/^\d+$/.test(constant.text)) return 'integer'
  return /^\d[\d.e]*$/.test(constant.text) ? 'numeric' : null
}

/** Keywords that may follow a cast (COLLATE, IS NULL) are printed in capitals, names of types never. */
const isOfType = ({ text }: Part): boolean => text === '.' || !isThere({ text }) || /^["[(\p{Ll}_]/u.test(text)
