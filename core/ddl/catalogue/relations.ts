import { grantsOf } from '#core/ddl/catalogue/grants.ts'
import type { TableDefinition } from '#core/ddl/definition.ts'
import type { Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

type Relation = Omit<
  TableDefinition,
  'columns' | 'sequences' | 'constraints' | 'foreignKeys' | 'indexes' | 'statistics' | 'policies' | 'triggers' | 'rules'
>

/** The tables themselves, from `pg_class`. */
export async function readRelations(session: Session, oids: readonly number[]): Promise<Relation[]> {
  const { rows } = await session.query<Relation & { identity: string; identityIndex: string | null }>(sql`
    select json_build_object('schema', n.nspname, 'name', c.relname) as table,
           c.oid,
           pg_get_userbyid(c.relowner) as owner,
           case c.relpersistence when 'u' then 'unlogged' else 'permanent' end as persistence,
           am.amname::text as "accessMethod",
           space.spcname::text as tablespace,
           to_json(coalesce(c.reloptions, '{}')
             || coalesce((select array_agg('toast.' || option) from unnest(toast.reloptions) option), '{}')) as options,
           obj_description(c.oid, 'pg_class') as comment,
           case c.relreplident when 'f' then 'full' when 'n' then 'nothing' when 'i' then 'index' else 'default' end as identity,
           (select ic.relname::text from pg_index i join pg_class ic on ic.oid = i.indexrelid
             where i.indrelid = c.oid and i.indisreplident) as "identityIndex",
           json_build_object('enabled', c.relrowsecurity, 'forced', c.relforcerowsecurity) as "rowSecurity",
           ${grantsOf(sql`c.relacl`, sql`acldefault('r', c.relowner)`)} as grants
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      left join pg_am am on am.oid = c.relam
      left join pg_tablespace space on space.oid = c.reltablespace
      left join pg_class toast on toast.oid = c.reltoastrelid
     where c.oid = any(${oids}::oid[])`)
  return rows.map(({ identity, identityIndex, ...relation }) => ({
    ...relation,
    replicaIdentity: replicaIdentity(identity, identityIndex),
  }))
}

/** An identity index that was dropped leaves `i` without an index, which means nothing is logged: as PostgreSQL does. */
const replicaIdentity = (kind: string, index: string | null): Relation['replicaIdentity'] => {
  if (kind === 'index') return index === null ? { kind: 'nothing' } : { kind, index }
  return { kind: kind === 'full' || kind === 'nothing' ? kind : 'default' }
}
