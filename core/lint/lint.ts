import type { Document } from './document.ts'
import type { Rule } from './rule.ts'
import { KUBERNETES_RULES } from './rules/kubernetes.ts'
import { SHELL_RULES } from './rules/shell.ts'
import { SQL_RULES } from './rules/sql.ts'

/** What a rule found. `line` is counted from one. */
export interface Finding {
  readonly file: string
  readonly line: number
  /** The line as it stands, cut for people. */
  readonly text: string
  readonly rule: string
  readonly corrections: readonly string[]
  readonly why: string
  readonly instead: string
}

export const RULES: readonly Rule[] = [...SQL_RULES, ...SHELL_RULES, ...KUBERNETES_RULES]

const LONGEST = 120
const shown = (text: string): string => {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line
}

/** Everything in a runbook that cannot work, or does more than was meant, by line. */
export const lintDocument = (document: Document): Finding[] =>
  RULES.flatMap(({ name, corrections, why, instead, find }) =>
    find(document).map(({ number, text }) => ({
      file: document.name,
      line: number,
      text: shown(text),
      rule: name,
      corrections,
      why,
      instead,
    })),
  ).sort((a, b) => a.line - b.line)
