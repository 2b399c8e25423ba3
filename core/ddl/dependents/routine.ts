import type { Grant } from '#core/ddl/definition.ts'
import type { RoutineDefinition } from '#core/ddl/dependents/definition.ts'
import { replay } from '#core/ddl/render/grants.ts'
import { named, role } from '#core/ddl/render/names.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

type Signature = Pick<RoutineDefinition, 'routine' | 'arguments'>

/** `"public"."f"(a integer, VARIADIC b text[])`, as ALTER, DROP and COMMENT take it. */
export const signature = ({ routine, arguments: list }: Signature): Sql => sql`${named(routine)}(${sql.raw(list)})`

/** Privileges exactly as recorded; needs a transaction. The owner has to be right before. */
export const routineGrants = (routine: RoutineDefinition): Sql[] => [
  resetGrants(routine),
  ...replay(sql`routine ${signature(routine)}`, routine.grants ?? byDefault(routine.owner), routine.owner),
]

/** Takes the privileges of everybody but the owner. */
export const revokeRoutine = (routine: RoutineDefinition): Sql[] =>
  [...new Set((routine.grants ?? byDefault(routine.owner)).map(({ grantee }) => grantee))]
    .filter((grantee) => grantee !== routine.owner)
    .map((grantee) => sql`revoke all on routine ${signature(routine)} from ${role(grantee)} cascade`)

/** PUBLIC may execute a new function. In the order of PostgreSQL's own default. */
const byDefault = (owner: string): Grant[] =>
  [null, owner].map((grantee) => ({ grantor: owner, grantee, privilege: 'EXECUTE', grantable: false }))

/** Also what ALTER DEFAULT PRIVILEGES gave at creation: only the catalogue knows. */
const resetGrants = ({ routine, arguments: list }: Signature): Sql =>
  sql`do ${sql.literal(`
declare
  other record;
begin
  for other in
    select distinct item.grantee
      from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace,
           pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) item
     where n.nspname = ${sql.literal(routine.schema).text} and p.proname = ${sql.literal(routine.name).text}
       and pg_catalog.pg_get_function_identity_arguments(p.oid) = ${sql.literal(list).text} and item.grantee <> p.proowner
  loop
    execute pg_catalog.format('revoke all on routine %s from %s cascade', ${sql.literal(signature({ routine, arguments: list }).text).text},
      case when other.grantee = 0 then 'public' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(other.grantee)) end);
  end loop;
end`)}`
