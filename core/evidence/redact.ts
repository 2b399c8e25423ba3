const COMMENT_EDGE = /\/\*|\*\//g
const IDENTIFIER = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y
const PARAMETER = /\$\d+/y
const NUMBER = /0[xXoObB][\da-fA-F_]*|(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?/y
const DOLLAR_QUOTE = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y
const STRING = /(?:[bBeEnNxX]|[uU]&)?'/y
const LINE_END = /[\n\r]|$/g

const at = (pattern: RegExp, text: string, position: number): RegExpExecArray | null => {
  pattern.lastIndex = position
  return pattern.exec(text)
}

const lineEnd = (text: string, position: number): number => at(LINE_END, text, position)?.index ?? text.length

/** Block comments nest in PostgreSQL. */
const afterBlockComment = (text: string, open: number): number => {
  COMMENT_EDGE.lastIndex = open
  let depth = 0
  for (let edge = COMMENT_EDGE.exec(text); edge; edge = COMMENT_EDGE.exec(text)) {
    depth += edge[0] === '/*' ? 1 : -1
    if (depth === 0) return COMMENT_EDGE.lastIndex
  }
  return text.length
}

/** From the opening quote on; a doubled quote is part of what is quoted. */
const afterQuoted = (text: string, open: number, backslashEscapes: boolean): number => {
  const quote = text[open]
  for (let position = open + 1; position < text.length; position += 1) {
    if (backslashEscapes && text[position] === '\\') position += 1
    else if (text[position] === quote) {
      if (text[position + 1] !== quote) return position + 1
      position += 1
    }
  }
  return text.length
}

/** Where a string goes on: after white space with a line end in it, and comments, a quote continues the string before. */
const continuation = (text: string, end: number): number | null => {
  let newLine = false
  let position = end
  for (;;) {
    if (/[ \t\n\r\f\v]/.test(text[position] ?? '')) {
      newLine ||= /[\n\r]/.test(text[position] ?? '')
      position += 1
    } else if (text.startsWith('--', position)) position = lineEnd(text, position)
    else return newLine && text[position] === "'" ? position : null
  }
}

const afterString = (text: string, start: number, opening: string): number => {
  const backslashEscapes = /^[eE]/.test(opening)
  let end = afterQuoted(text, start + opening.length - 1, backslashEscapes)
  for (let next = continuation(text, end); next !== null; next = continuation(text, end))
    end = afterQuoted(text, next, backslashEscapes)
  return end
}

const afterDollarQuote = (text: string, start: number, tag: string): number => {
  const close = text.indexOf(tag, start + tag.length)
  return close < 0 ? text.length : close + tag.length
}

/** The next token: where it ends, and what is shown of it. */
const tokenAt = (text: string, start: number): { end: number; shown: string } => {
  const keep = (end: number) => ({ end, shown: text.slice(start, end) })
  if (text.startsWith('--', start)) return { end: lineEnd(text, start), shown: ' ' }
  if (text.startsWith('/*', start)) return { end: afterBlockComment(text, start), shown: ' ' }
  const string = at(STRING, text, start)
  if (string) return { end: afterString(text, start, string[0]), shown: '?' }
  if (text[start] === '"') return keep(afterQuoted(text, start, false))
  const kept = at(IDENTIFIER, text, start) ?? at(PARAMETER, text, start)
  if (kept) return keep(start + kept[0].length)
  const dollar = at(DOLLAR_QUOTE, text, start)
  if (dollar) return { end: afterDollarQuote(text, start, dollar[0]), shown: '?' }
  const number = at(NUMBER, text, start)
  return number ? { end: start + number[0].length, shown: '?' } : keep(start + 1)
}

/**
 * Replaces the literals of a query by `?`, so that evidence shows what ran and not whose data it touched. Lexes as
 * PostgreSQL does with standard_conforming_strings, the default: quoted strings (`''` doubled, E'' with backslashes, U&'',
 * B'', X'', those that go on in the next line), dollar quotes, numbers; drops comments, which may quote anything.
 * Identifiers, also quoted ones, and parameters stay. What `track_activity_query_size` cut off is redacted to the end.
 * Source: PostgreSQL, "Lexical Structure". Linear in the length of the text.
 */
export const redactLiterals = (query: string): string => {
  const shown: string[] = []
  for (let position = 0; position < query.length; ) {
    const token = tokenAt(query, position)
    shown.push(token.shown)
    position = token.end
  }
  return shown.join('')
}
