import { grantsOf } from '#core/ddl/catalogue/grants.ts'
import type { RoutineDefinition } from '#core/ddl/dependents/definition.ts'
import type { Row, Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

type Routine = Omit<RoutineDefinition, 'kind' | 'object' | 'uses'>

/** Those of the oids that are functions or procedures. */
export async function readRoutines(session: Session, oids: readonly number[]): Promise<Routine[]> {
  const { rows } = await session.query<Routine & Row>(sql`
    select p.oid,
           json_build_object('schema', n.nspname, 'name', p.proname) as routine,
           pg_get_function_identity_arguments(p.oid) as arguments,
           pg_get_userbyid(p.proowner) as owner,
           pg_get_functiondef(p.oid) as definition,
           obj_description(p.oid, 'pg_proc') as comment,
           ${grantsOf(sql`p.proacl`, sql`acldefault('f', p.proowner)`)} as grants
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace
     where p.oid = any(${oids}::oid[]) and p.prokind in ('f', 'p', 'w')`)
  return rows
}
