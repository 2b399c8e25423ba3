import { RollbackError } from '#core/errors.ts'
import type { Plan } from '#core/plan/load.ts'
import { inVersionRange } from '#core/plan/versions.ts'
import type { Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

const extensionVersion = (name: string) => sql`select extversion from pg_catalog.pg_extension where extname = ${name}`

const plural = (values: readonly unknown[]) => (values.length === 1 ? 'one value' : `${values.length} values`)

/** Refuses a database that does not answer the sentinel of the plan as the plan says. Throws `Database.WrongOne`. */
export const checkSentinel = async (session: Session, plan: Plan, label: string): Promise<void> => {
  const { sentinel } = plan.database
  const { rows } = await session.query(sql.raw(plan.sql[sentinel.sql] ?? ''))
  const values = rows.flatMap((row) => Object.values(row))
  if (values.length !== 1 || String(values[0]) !== sentinel.equals)
    throw new RollbackError(
      'Database.WrongOne',
      `Database "${label}" answers the sentinel of plan "${plan.name}" (${sentinel.sql}) with ${
        values.length === 1 ? `"${values[0]}"` : plural(values)
      }, not with "${sentinel.equals}".`,
      {
        fix: `Check --database-url; if it is the right database, make the sentinel true there: see plans/${plan.name}/README.md.`,
        category: 'refused',
      },
    )
}

/**
 * Refuses a database that is not the plan's: its sentinel first, then the version of its extension. An extension that is
 * missing is no refusal here, since a purge may have taken it: whoever needs it says so.
 */
export const checkDatabase = async (session: Session, plan: Plan, label: string): Promise<void> => {
  await checkSentinel(session, plan, label)
  const { extension } = plan.database
  const found = await session.query<{ extversion: string }>(extensionVersion(extension.name))
  const version = found.rows[0]?.extversion
  if (version !== undefined && !inVersionRange(version, extension.versions))
    throw new RollbackError(
      'Database.ExtensionVersion',
      `Database "${label}" has ${extension.name} ${version}; plan "${plan.name}" is written for "${extension.versions}".`,
      {
        fix: 'Read what changed between the versions, then widen database.extension.versions in the plan.',
        category: 'refused',
      },
    )
}
