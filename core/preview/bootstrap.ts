import type { Session } from '#core/ports.ts'
import { RETIRED_SCHEMA } from '#core/retire/names.ts'
import { readStanding } from '#core/retire/standing.ts'
import { type Sql, sql } from '#core/sql/tag.ts'
import type { PreviewStage, Refusal } from './model.ts'

interface Power {
  readonly roles: boolean
  readonly schemas: boolean
  readonly schema: boolean
}

const power = sql`
  select me.rolsuper or me.rolcreaterole as roles,
    pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') as schemas,
    coalesce((select pg_catalog.pg_has_role(nspowner, 'USAGE') from pg_catalog.pg_namespace where nspname = ${RETIRED_SCHEMA}), true) as schema
  from pg_catalog.pg_roles me where me.rolname = current_user`

/**
 * What a retirement would do first where the database is not prepared for it, or the refusal where the session's role may
 * not: with the statements for somebody who may.
 */
export const bootstrapOf = async (
  session: Session,
  missing: readonly Sql[],
): Promise<{ stages: PreviewStage[]; refusals: Refusal[] }> => {
  if (missing.length === 0) return { stages: [], refusals: [] }
  const { rows } = await session.query<Power & Record<string, unknown>>(power)
  const [may] = rows
  const onRoles = missing.some(({ text }) => /^(do |alter role |grant "[^"]*" to )/.test(text))
  const creates = missing.some(({ text }) => text.startsWith('create schema'))
  if (may?.schema && (may.roles || !onRoles) && (may.schemas || !creates)) {
    const lines = missing.map(({ text }) => ({ kind: 'statement' as const, sql: text, lock: 'none on a table' }))
    return { stages: [{ title: 'Prepare the database, once', lines }], refusals: [] }
  }
  const { role } = await readStanding(session)
  return {
    stages: [],
    refusals: [
      {
        name: 'Retire.NotBootstrapped',
        message: `The role "${role}" may not yet move these tables out of reach.`,
        fix: `Run as the master user:\n${missing.map(({ text }) => `${text};`).join('\n')}`,
      },
    ],
  }
}
