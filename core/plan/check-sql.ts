import { parse } from 'pgsql-parser'
import { suggestion } from './nearest.ts'
import type { Problem } from './problem.ts'
import type { SqlReference } from './references.ts'
import { DIRECTIVES, directivesOf, runsOutsideTransaction } from './sql-file.ts'
import { topNode } from './sql-nodes.ts'
import { type Broken, brokenRules, needsNoTransaction, whyNoSelect } from './sql-rules.ts'
import { changesOthers, whyNotWhole } from './sql-rules-captured.ts'
import { firstToken, type SqlText, sqlText } from './sql-text.ts'

interface Statement {
  readonly tree: unknown
  /** Offset of its first token, and of the end of the statement before it: comments stand between. */
  readonly offset: number
  readonly from: number
}

type Parsed = { readonly statements: Statement[] } | { readonly offset: number; readonly broken: Broken }

const cursorOf = (error: Error): number => {
  const details: unknown = Reflect.get(error, 'sqlDetails')
  const cursor: unknown = typeof details === 'object' && details !== null ? Reflect.get(details, 'cursorPosition') : 0
  return typeof cursor === 'number' ? cursor : 0
}

const parseSql = async (source: SqlText): Promise<Parsed> => {
  if (firstToken(source.text, 0) === source.text.length) {
    return {
      offset: 0,
      broken: { message: 'There is no statement in this file.', fix: 'Write one, or remove the file.' },
    }
  }
  try {
    const { stmts = [] } = await parse(source.text)
    let from = 0
    const statements = stmts.map(({ stmt, stmt_location = 0, stmt_len }): Statement => {
      const offset = firstToken(source.text, source.ofBytes(stmt_location))
      const statement = { tree: stmt, from, offset }
      from = stmt_len === undefined ? source.text.length : source.ofBytes(stmt_location + stmt_len)
      return statement
    })
    return { statements }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const offset = source.ofCharacters(cursorOf(error))
    const meta = source.text[offset] === '\\'
    return {
      offset,
      broken: meta
        ? { message: 'A backslash command is for psql, not for the server.', fix: 'Write it in SQL.' }
        : { message: `PostgreSQL cannot parse this: ${error.message}.`, fix: 'Correct the statement.' },
    }
  }
}

const allowsDo = (text: string, { from, offset }: Statement): boolean =>
  directivesOf(text.slice(from, offset)).some(({ name }) => name === 'allow-do')

const stepProblems = (text: string, statements: readonly Statement[]): { offset: number; broken: Broken }[] => {
  const outside = runsOutsideTransaction(text)
  return statements.flatMap((statement, index) => {
    const broken = [...brokenRules(statement.tree)]
    if (topNode(statement.tree)?.type === 'DoStmt' && !allowsDo(text, statement)) {
      broken.push({
        message: 'A DO block hides what it does from every check.',
        fix: 'Write plain statements, or put the line --! allow-do above it.',
      })
    }
    if (needsNoTransaction(statement.tree) && !outside) {
      broken.push({
        message: 'PostgreSQL refuses this inside a transaction.',
        fix: 'Put --! no-transaction on line 1 of a file that has only this statement.',
      })
    }
    if (outside && index > 0) {
      broken.push({
        message: 'A file without a transaction has one statement: what went before would stay when this one fails.',
        fix: 'Move it to a file and a step of its own.',
      })
    }
    return broken.map((rule) => ({ offset: statement.offset, broken: rule }))
  })
}

/** Of a file whose rows are captured before it runs. */
const changeProblems = (text: string, statements: readonly Statement[]): { offset: number; broken: Broken }[] => [
  ...stepProblems(text, statements),
  ...statements.flatMap(({ tree, offset }) => changesOthers(tree).map((broken) => ({ offset, broken }))),
]

const captureProblems = (statements: readonly Statement[]): { offset: number; broken: Broken }[] => {
  const [first] = statements
  const found = selectProblems('capture', statements)
  const why = first === undefined ? null : whyNotWhole(first.tree)
  return first === undefined || why === null ? found : [...found, { offset: first.offset, broken: why }]
}

const selectProblems = (what: string, statements: readonly Statement[]): { offset: number; broken: Broken }[] => {
  const [first, second] = statements
  const why = first === undefined ? null : whyNoSelect(first.tree)
  return [
    ...(first === undefined || why === null ? [] : [{ offset: first.offset, broken: why }]),
    ...(second === undefined
      ? []
      : [
          {
            offset: second.offset,
            broken: { message: `A ${what} is a single SELECT.`, fix: 'Remove the other statements.' },
          },
        ]),
  ]
}

const problemsOf = (use: SqlReference['use'], text: string, statements: readonly Statement[]) => {
  if (use === 'step' || use === 'migration') return stepProblems(text, statements)
  if (use === 'change') return changeProblems(text, statements)
  return use === 'capture' ? captureProblems(statements) : selectProblems(use, statements)
}

const directiveProblems = (text: string, use: SqlReference['use']): { offset: number; broken: Broken }[] =>
  directivesOf(text).flatMap(({ name, offset }) => {
    if (!DIRECTIVES.some((known) => known === name)) {
      return [{ offset, broken: { message: `"${name}" is not a directive.`, fix: suggestion(name, DIRECTIVES) } }]
    }
    if (use === 'migration' && name === 'no-transaction') {
      return [
        {
          offset,
          broken: {
            message: 'A migration and its ledger change in one transaction, or not at all.',
            fix: 'Remove it. What needs no transaction, such as dropping an index concurrently, is a step of its own before.',
          },
        },
      ]
    }
    if (use !== 'step' && use !== 'migration')
      return [{ offset, broken: { message: `"${name}" is for steps.`, fix: 'Remove it.' } }]
    if (name === 'no-transaction' && !(offset === 0 && runsOutsideTransaction(text))) {
      return [
        { offset, broken: { message: '"no-transaction" stands on line 1 or nowhere.', fix: 'Move it to line 1.' } },
      ]
    }
    return []
  })

/**
 * Parses an SQL file of a plan with PostgreSQL's own grammar and applies the rules of its use. Each problem has the
 * position of its statement.
 */
export const checkSql = async (file: string, text: string, use: SqlReference['use']): Promise<Problem[]> => {
  const source = sqlText(text)
  const parsed = await parseSql(source)
  const found = 'statements' in parsed ? problemsOf(use, text, parsed.statements) : [parsed]
  return [...directiveProblems(text, use), ...found].map(({ offset, broken }) => ({
    file,
    ...source.position(offset),
    path: '',
    ...broken,
  }))
}
