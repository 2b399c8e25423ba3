import { grantsOf } from '#core/ddl/catalogue/grants.ts'
import type { Grant, TableDefinition } from '#core/ddl/definition.ts'
import type { RoutineDefinition, ViewDefinition } from '#core/ddl/dependents/definition.ts'
import type { Table } from '#core/names.ts'
import type { Row, Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

export interface EnumType extends Table {
  readonly kind: 'enum'
  readonly oid: number
  readonly labels: readonly string[]
}

export interface DomainType extends Table {
  readonly kind: 'domain'
  readonly oid: number
  readonly base: string
  readonly notNull: boolean
  readonly default: string | null
  /** `pg_get_constraintdef` by name. */
  readonly checks: readonly { readonly name: string; readonly definition: string }[]
}

export interface NeededRoutine {
  readonly kind: 'routine'
  readonly oid: number
  readonly definition: RoutineDefinition
  /** Its signature or its body (BEGIN ATOMIC) needs a table or a view. */
  readonly afterTables: boolean
}

/** What has to be there before the tables can be made, or beside them. */
export interface Surroundings {
  readonly schemas: readonly { readonly name: string; readonly grants: readonly Grant[] | null }[]
  readonly extensions: readonly { readonly name: string; readonly schema: string }[]
  /** In the order in which they were made. */
  readonly types: readonly (EnumType | DomainType)[]
  readonly routines: readonly NeededRoutine[]
  /** Sequences that no column owns. */
  readonly sequences: readonly Table[]
  /** Tables at the other end of foreign keys, and those that views and functions read. */
  readonly neighbours: readonly TableDefinition[]
  readonly views: readonly ViewDefinition[]
  /** Needed as well, and of a kind that is not written: `type public.point3d`. */
  readonly unwritten: readonly string[]
  readonly roles: readonly { readonly name: string; readonly memberOf: readonly string[] }[]
}

export async function readSchemas(session: Session, names: readonly string[]): Promise<Surroundings['schemas']> {
  const { rows } = await session.query<Surroundings['schemas'][number] & Row>(sql`
    select nspname::text as name, ${grantsOf(sql`nspacl`)} as grants
      from pg_catalog.pg_namespace where nspname = any(${names}::text[]) order by nspname collate "C"`)
  return rows
}

export async function readExtensions(session: Session, oids: readonly number[]): Promise<Surroundings['extensions']> {
  const { rows } = await session.query<Surroundings['extensions'][number] & Row>(sql`
    select e.extname::text as name, n.nspname::text as schema from pg_catalog.pg_extension e
      join pg_catalog.pg_namespace n on n.oid = e.extnamespace where e.oid = any(${oids}::oid[]) order by e.oid`)
  return rows
}

export async function readTypes(session: Session, oids: readonly number[]): Promise<Surroundings['types']> {
  const { rows } = await session.query<(EnumType | DomainType) & Row>(sql`
    select n.nspname::text as schema, t.typname::text as name, t.oid, case t.typtype when 'e' then 'enum' else 'domain' end as kind,
           (select json_agg(e.enumlabel order by e.enumsortorder) from pg_catalog.pg_enum e where e.enumtypid = t.oid) as labels,
           case t.typtype when 'd' then pg_catalog.format_type(t.typbasetype, t.typtypmod) end as base,
           t.typnotnull as "notNull", t.typdefault as default,
           (select coalesce(json_agg(json_build_object('name', c.conname, 'definition', pg_catalog.pg_get_constraintdef(c.oid)) order by c.conname), '[]')
              from pg_catalog.pg_constraint c where c.contypid = t.oid and c.contype = 'c') as checks
      from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
     where t.oid = any(${oids}::oid[]) order by t.oid`)
  return rows
}

/** Which of the roles is a member of which other of them. */
export async function readMembershipsOf(session: Session, names: readonly string[]): Promise<Surroundings['roles']> {
  const { rows } = await session.query<Surroundings['roles'][number] & Row>(sql`
    select r.rolname::text as name,
           (select coalesce(json_agg(g.rolname order by g.rolname), '[]') from pg_catalog.pg_auth_members m
              join pg_catalog.pg_roles g on g.oid = m.roleid
             where m.member = r.oid and g.rolname = any(${names}::text[]) and g.rolname !~ '^pg_') as "memberOf"
      from pg_catalog.pg_roles r where r.rolname = any(${names}::text[]) and r.rolname !~ '^pg_'
     order by r.rolname collate "C"`)
  return rows
}
