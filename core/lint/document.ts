/** A runbook as the rules see it. Lines are counted from one. */
export interface Line {
  readonly number: number
  readonly text: string
}

export type Language = 'sql' | 'shell' | 'other'

/** Code of one language that a person would paste as a whole: a fenced block, or a file of code. */
export interface Block {
  readonly language: Language
  /** Without comments; lines that are empty then are left out, and continued lines are joined to the first. */
  readonly lines: readonly Line[]
}

export interface Document {
  readonly name: string
  readonly blocks: readonly Block[]
}

const FENCE = /^\s*(`{3,}|~{3,})\s*([\w+-]*)/
const LANGUAGES: Readonly<Record<string, Language>> = {
  sql: 'sql',
  postgresql: 'sql',
  pgsql: 'sql',
  bash: 'shell',
  sh: 'shell',
  shell: 'shell',
  zsh: 'shell',
  console: 'shell',
}
/** What begins a line of SQL, and hardly one of anything else. */
const SQL_LINE = /^\s*(select|update|delete|insert|alter|drop|create|truncate|copy|begin|commit|with)\s+[\w"*(.]/i
const SHELL_LINE =
  /^\s*(\$ |export |psql |curl |kubectl |alembic |pg_(dump|restore) |docker(-compose)? |systemctl |aws |helm |git |cd |sed |echo )/

/** A block without a language is what its first telling line looks like. */
const guess = (lines: readonly Line[]): Language => {
  for (const { text } of lines) {
    if (SQL_LINE.test(text)) return 'sql'
    if (SHELL_LINE.test(text)) return 'shell'
  }
  return 'other'
}

/** A comment in a string is rare in runbooks; a quote before it is left alone. */
const withoutComment = (text: string, language: Language): string => {
  const mark = language === 'sql' ? /--/ : language === 'shell' ? /(^|\s)#/ : null
  const at = mark ? text.search(mark) : -1
  if (at < 0) return text
  const before = text.slice(0, at)
  const quotes = (before.match(/'/g) ?? []).length % 2 === 1 || (before.match(/"/g) ?? []).length % 2 === 1
  return quotes ? text : before
}

const cleaned = (lines: readonly Line[], language: Language): Line[] => {
  const found: Line[] = []
  let continued = false
  for (const { number, text } of lines) {
    const code = withoutComment(text, language).trimEnd()
    const ends = code.endsWith('\\')
    const part = ends ? code.slice(0, -1) : code
    const last = found.at(-1)
    if (continued && last) found[found.length - 1] = { number: last.number, text: `${last.text} ${part.trim()}` }
    else if (part.trim() !== '') found.push({ number, text: part })
    continued = ends
  }
  return found
}

/** `undefined`: the fence names no language. */
const named = (language: string): Language | undefined =>
  language === '' ? undefined : (LANGUAGES[language.toLowerCase()] ?? 'other')

const block = (lines: readonly Line[], said: Language | undefined): Block => {
  const language = said ?? guess(lines)
  return { language, lines: cleaned(lines, language) }
}

/** The fenced blocks of Markdown. A fence that is never closed ends with the document. */
const ofMarkdown = (lines: readonly Line[]): Block[] => {
  const blocks: Block[] = []
  let open: { fence: string; language: Language | undefined; lines: Line[] } | null = null
  for (const line of lines) {
    const [, fence, language = ''] = FENCE.exec(line.text) ?? []
    if (!open && fence) open = { fence: fence.slice(0, 3), language: named(language), lines: [] }
    else if (open && fence?.startsWith(open.fence) && language === '') {
      blocks.push(block(open.lines, open.language))
      open = null
    } else if (open && fence?.startsWith(open.fence)) {
      // A block in a block: whoever wrote it meant to begin another language.
      blocks.push(block(open.lines, open.language))
      open = { fence: open.fence, language: named(language), lines: [] }
    } else open?.lines.push(line)
  }
  if (open) blocks.push(block(open.lines, open.language))
  return blocks
}

/** Reads a runbook: by its name SQL, a shell script, or else Markdown. */
export const readDocument = (name: string, text: string): Document => {
  const lines = text.split(/\r?\n/).map((line, index) => ({ number: index + 1, text: line }))
  if (/\.(sql|psql)$/i.test(name)) return { name, blocks: [block(lines, 'sql')] }
  if (/\.(sh|bash)$/i.test(name)) return { name, blocks: [block(lines, 'shell')] }
  return { name, blocks: ofMarkdown(lines) }
}
