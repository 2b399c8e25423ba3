import { RollbackError } from '#core/errors.ts'

/** A mistake in a plan. `line` and `column` count from 1. */
export interface Problem {
  /** Below the plan's folder: `plan.yaml`, `sql/search.sql`. */
  readonly file: string
  readonly line: number
  readonly column: number
  /** Where in plan.yaml, `paths.full.purge.after`; empty in SQL files and for the file as a whole. */
  readonly path: string
  readonly message: string
  readonly fix: string
}

/** `signals`, `1`, `metric` → `signals[1].metric`. */
export const printPath = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`
    return text === '' ? String(part) : `${text}.${String(part)}`
  }, '')

/** `plans/x/plan.yaml:3:5: paths.flag: "60" is not a duration. Write …`, one line. */
export const printProblem = (directory: string, { file, line, column, path, message, fix }: Problem): string =>
  `${directory}/${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message} ${fix}`.trim()

/** In the order of the files' names and of their lines. */
export const inOrder = (problems: readonly Problem[]): Problem[] => {
  const text = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
  return problems.toSorted((a, b) => text(a.file, b.file) || a.line - b.line || a.column - b.column)
}

/** Fits one screen; the rest is in `problems`. */
const SHOWN = 20

/** A plan that cannot be used. Exit code 2; nothing was tried. */
export class PlanError extends RollbackError {
  readonly problems: readonly Problem[]

  constructor(directory: string, problems: readonly Problem[]) {
    const lines = problems.slice(0, SHOWN).map((problem) => printProblem(directory, problem))
    if (problems.length > SHOWN) lines.push(`… and ${problems.length - SHOWN} more.`)
    super(
      'Plan.Invalid',
      `The plan "${directory}" has ${problems.length} problem${problems.length === 1 ? '' : 's'}:\n${lines.join('\n')}\n`,
      {
        fix: 'Correct plan.yaml and its SQL files; nothing was tried.',
        category: 'usage',
      },
    )
    this.problems = problems
  }
}
