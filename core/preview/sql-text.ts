import { parse } from 'pgsql-parser'
import { firstToken, sqlText } from '#core/plan/sql-text.ts'
import type { PreviewLine } from './model.ts'
import { lockOf } from './statement-lock.ts'

/** The statements of an SQL text one by one, each with its lock. The text has been checked: it can be parsed. */
export const statementsOf = async (text: string): Promise<PreviewLine[]> => {
  const source = sqlText(text)
  const { stmts = [] } = await parse(text)
  return stmts.map(({ stmt, stmt_location = 0, stmt_len }) => {
    const from = firstToken(text, source.ofBytes(stmt_location))
    const to = stmt_len === undefined ? text.length : source.ofBytes(stmt_location + stmt_len)
    return { kind: 'statement', sql: text.slice(from, to).trim(), lock: lockOf(stmt) }
  })
}
