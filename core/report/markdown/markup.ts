import { visible } from '#core/report/visible.ts'
import { commands } from '#core/report/wording.ts'

const oneLine = (text: string) =>
  visible(text)
    .replace(/\s*\n\s*/g, ' ')
    .trim()

/**
 * Text of a value for one line of Markdown (GitHub's, GitLab's and Jira's readers agree on these): no mark-up, no HTML,
 * no new line, no new cell. An underscore inside a word is left, so that `document_chunks` can be read in the source.
 */
export const text = (value: string): string =>
  oneLine(value)
    .replace(/[\\`*[\]|~]/g, '\\$&')
    .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\_')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/^(\d+)([.)])/, '$1\\$2')
    .replace(/^([#+=-])/, '\\$1')

/** A code span: its fence is longer than any run of backticks inside. */
export const code = (value: string): string => {
  const line = oneLine(value)
  if (line === '') return ''
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  const padding = /^`|`$/.test(line) ? ' ' : ''
  return `${fence}${padding}${line}${padding}${fence}`
}

/** Text in which what stands between backticks is a command. */
export const prose = (value: string): string =>
  commands(oneLine(value))
    .map((part) => (part.command ? code(part.text) : spaced(part.text)))
    .join('')

/** `text` trims; between two parts of a line the spaces stay. */
const spaced = (part: string) =>
  `${/^\s/.test(part) ? ' ' : ''}${text(part)}${/\s$/.test(part) && part.trim() ? ' ' : ''}`

/** A pipe ends a cell even inside a code span, unless an odd number of backslashes stands before it. */
const cell = (markdown: string) =>
  markdown.replace(/(\\*)\|/g, (found, slashes: string) => (slashes.length % 2 === 0 ? `${slashes}\\|` : found))

/** Cells are Markdown already. No rows: no table. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  rows.length === 0
    ? ''
    : [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cell).join(' | ')} |`).join('\n')

export const list = (items: readonly string[]): string => items.map((item) => `- ${item}`).join('\n')
export const steps = (items: readonly string[]): string => items.map((item, i) => `${i + 1}. ${item}`).join('\n')

/** A section without content is left out. */
export const section = (title: string, ...parts: readonly string[]): string => {
  const body = parts.filter((part) => part !== '').join('\n\n')
  return body === '' ? '' : `## ${title}\n\n${body}`
}

export const document = (...parts: readonly string[]): string => `${parts.filter((part) => part !== '').join('\n\n')}\n`
