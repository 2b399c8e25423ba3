import { messageOf } from '#core/errors.ts'
import { canonicalJson } from '#core/json.ts'
import type { FlagCheck, SqlCheck } from '#core/plan/checks.ts'
import { type Plan, resolveFlag } from '#core/plan/load.ts'
import type { Flags, Session } from '#core/ports.ts'
import { isUnreachable, sqlState } from '#core/sql/errors.ts'
import { sql } from '#core/sql/tag.ts'

/** `unknown`: the check could not be made. It is neither a pass nor a fail, and never closes an incident. */
export type Verdict = { readonly status: 'pass' | 'fail' | 'unknown'; readonly detail: string }

const pass = (detail: string): Verdict => ({ status: 'pass', detail })
const fail = (detail: string): Verdict => ({ status: 'fail', detail })
/** Arrays and JSON as JSON; everything else as the server wrote it. */
const textOf = (value: unknown): string => (typeof value === 'object' ? canonicalJson(value) : String(value))
const shown = (value: unknown): string => (value === null ? 'null' : `"${textOf(value)}"`)

const setRole = (role: string) => sql`set local role ${sql.id(role)}`
const filteredByPolicies = sql`set local row_security = on`
const alive = sql`select 1 as alive`

/** Before the statement itself: an error of these says nothing about what is asked. */
class NotAsked extends Error {}

const actAs = async (session: Session, role: string): Promise<void> => {
  try {
    await session.query(setRole(role))
    // As the application sees it: its policies filter, where they would be an error for us.
    await session.query(filteredByPolicies)
  } catch (cause) {
    throw new NotAsked(`It cannot be asked as "${role}": ${messageOf(cause)}`, { cause })
  }
}

/** Runs a SELECT of a plan in a read-only transaction, as the role that it names. */
export const select = (session: Session, as: string | null, text: string) =>
  session.transaction(
    async () => {
      if (as !== null) await actAs(session, as)
      return session.query(sql.raw(text))
    },
    { readOnly: true },
  )

/**
 * Missing rights, a cancelled statement, a lock, a deadlock, a server short of something or in trouble: they say nothing
 * about the promise that is checked.
 */
const cannotTell = (code: string): boolean =>
  ['42501', '55P03', '25P03'].includes(code) || ['40', '53', '57', '58'].includes(code.slice(0, 2))

/** A number, or the text of one (int8 and numeric come as text). */
export const numberOf = (value: unknown): number | null => {
  if (typeof value !== 'number' && (typeof value !== 'string' || value.trim() === '')) return null
  return Number.isNaN(Number(value)) ? null : Number(value)
}

const compare = (check: SqlCheck, rows: readonly Record<string, unknown>[]): Verdict => {
  const { expect } = check
  const values = rows.flatMap((row) => Object.values(row))
  switch (expect.kind) {
    case 'no-rows':
      return rows.length === 0 ? pass('no rows') : fail(`${rows.length} rows where none may be`)
    case 'rows':
      return rows.length === expect.rows ? pass(`${rows.length} rows`) : fail(`${rows.length} rows, not ${expect.rows}`)
    case 'error':
      return fail(`it succeeded with ${rows.length} rows where ${expect.sqlState} is expected`)
    case 'at-least': {
      const value = numberOf(values[0])
      if (values.length !== 1) return fail(`${values.length} values, not one`)
      if (value === null) return fail(`${shown(values[0])}, not a number`)
      return value >= expect.atLeast ? pass(`${value}`) : fail(`${value}, not at least ${expect.atLeast}`)
    }
    case 'value': {
      if (values.length !== 1) return fail(`${values.length} values, not one`)
      const value = values[0] === null ? null : textOf(values[0])
      return value === expect.value ? pass(shown(value)) : fail(`${shown(value)}, not ${shown(expect.value)}`)
    }
  }
}

/** One SQL check of a plan. An expected error counts only on a connection that still answers. */
export const runSqlCheck = async (session: Session, plan: Plan, check: SqlCheck): Promise<Verdict> => {
  const text = plan.sql[check.file]
  // An empty text would be a statement without rows.
  if (text === undefined) return { status: 'unknown', detail: `The plan has no file "${check.file}".` }
  try {
    const { rows } = await select(session, check.as, text)
    return compare(check, rows)
  } catch (error) {
    const code = sqlState(error)
    const unknown: Verdict = { status: 'unknown', detail: messageOf(error) }
    if (code === null || error instanceof NotAsked || isUnreachable(error)) return unknown
    if (check.expect.kind !== 'error' || code !== check.expect.sqlState)
      return cannotTell(code) ? unknown : fail(messageOf(error))
    try {
      await session.query(alive)
    } catch (lost) {
      return { status: 'unknown', detail: messageOf(lost) }
    }
    return pass(`${code}, on a connection that answers`)
  }
}

/** Whether a flag has the value that the check names, as the parameter store answers now. */
export const runFlagCheck = async (
  flags: Flags,
  plan: Plan,
  check: FlagCheck,
  environment: string,
): Promise<Verdict> => {
  const wanted = plan.flags[check.flag]?.[check.is]
  try {
    const found = await flags.read(resolveFlag(plan, check.flag, environment))
    if (found === null) return fail(`the parameter does not exist, not "${wanted}"`)
    return found.value === wanted
      ? pass(`"${found.value}", version ${found.version}`)
      : fail(`"${found.value}", not "${wanted}"`)
  } catch (error) {
    return { status: 'unknown', detail: messageOf(error) }
  }
}
