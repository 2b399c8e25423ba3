import type { Block, Document, Language, Line } from './document.ts'

/** What cannot work, or destroys what nobody meant, and how a plan does it. */
export interface Rule {
  /** Lower-case words joined by dashes. */
  readonly name: string
  /** Corrections of the catalogue that it stands for. */
  readonly corrections: readonly string[]
  readonly why: string
  /** Lines of a plan, or of a command, that do it right. */
  readonly instead: string
  /** The lines at fault, in any order. */
  readonly find: (document: Document) => readonly Line[]
}

export const linesOf = (document: Document, languages: readonly Language[]): Line[] =>
  document.blocks.filter(({ language }) => languages.includes(language)).flatMap(({ lines }) => lines)

/** Says a command, and runs none. */
const ONLY_SAID = /^\s*(echo|printf)\b[^>]*$/

/** Every line of the languages that matches, and does not match what makes it right. */
export const matching =
  (languages: readonly Language[], wrong: RegExp, unless?: RegExp) =>
  (document: Document): Line[] =>
    linesOf(document, languages).filter(({ text }) => wrong.test(text) && !unless?.test(text) && !ONLY_SAID.test(text))

/** The text of a block on one line, for what spans several. */
export const textOf = ({ lines }: Block): string => lines.map(({ text }) => text).join('\n')

/** SQL wherever it stands: in SQL blocks, and in what a shell hands to psql. */
export const SQL: readonly Language[] = ['sql', 'shell']
export const SHELL: readonly Language[] = ['shell']
