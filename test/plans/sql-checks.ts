import type { SqlCheck } from '#core/plan/checks.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Moment } from '#core/plan/vocabulary.ts'
import type { Database, Row, Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

/** Rows, or the SQLSTATE; as the role, with row-level security as the application has it. Inside a transaction. */
const answerOf = async (session: Session, text: string, as: string | null): Promise<Row[] | string> => {
  await session.script('savepoint one')
  try {
    if (as !== null) {
      await session.query(sql`set local role ${sql.id(as)}`)
      await session.query(sql`set local row_security = on`)
    }
    return (await session.query(sql.raw(text))).rows
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return /SQLSTATE (\w{5})/.exec(message)?.[1] ?? message
  } finally {
    await session.script('rollback to savepoint one')
  }
}

const holds = ({ expect: wanted }: SqlCheck, answer: Row[] | string): boolean => {
  if (typeof answer === 'string') return wanted.kind === 'error' && wanted.sqlState === answer
  const values = answer.flatMap((row) => Object.values(row))
  if (wanted.kind === 'no-rows') return answer.length === 0
  if (wanted.kind === 'rows') return answer.length === wanted.rows
  if (wanted.kind === 'at-least') return values.length === 1 && Number(values[0]) >= wanted.atLeast
  return wanted.kind === 'value' && values.length === 1 && String(values[0]) === wanted.value
}

/** The SQL of a plan asked in a database, after a change that is taken back. */
export const sqlOf = (plan: Plan, database: Database) => {
  const after = <T>(change: string, work: (session: Session) => Promise<T>): Promise<T> =>
    database.session({ applicationName: 'test', statementTimeout: 0 }, async (session) => {
      await session.script(`begin; ${change}`)
      try {
        return await work(session)
      } finally {
        await session.script('rollback')
      }
    })
  return {
    after,
    /** The SQL checks of a moment that do not hold, by name. */
    failing: (moment: Moment, change = ''): Promise<string[]> =>
      after(change, async (session) => {
        const failed: string[] = []
        for (const [name, check] of Object.entries(plan.checks)) {
          if (check.kind !== 'sql' || !check.after.includes(moment)) continue
          const answer = await answerOf(session, plan.sql[check.file] ?? '', check.as)
          if (!holds(check, answer)) failed.push(name)
        }
        return failed
      }),
    /** The probes that are beyond their limits, with what they measured. */
    firing: (change = ''): Promise<string[]> =>
      after(change, async (session) => {
        const fired: string[] = []
        for (const [name, { source, limit, rate }] of Object.entries(plan.signals)) {
          if (source.kind !== 'probe' || limit === null || rate !== undefined) continue
          const answer = await answerOf(session, plan.sql[source.file] ?? '', source.as)
          const value = typeof answer === 'string' ? Number.NaN : Number(Object.values(answer[0] ?? {})[0])
          if (!('above' in limit ? value <= limit.above : value >= limit.below)) fired.push(`${name}: ${value}`)
        }
        return fired
      }),
  }
}
