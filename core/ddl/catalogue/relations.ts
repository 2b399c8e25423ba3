import { grantsOf } from '#core/ddl/catalogue/grants.ts'
import type { TableDefinition } from '#core/ddl/definition.ts'
import type { Table } from '#core/names.ts'
import type { Row, Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

type Relation = Omit<
  TableDefinition,
  'columns' | 'sequences' | 'constraints' | 'foreignKeys' | 'indexes' | 'statistics' | 'policies' | 'triggers' | 'rules'
>

type RelationRow = Omit<Relation, 'partitioning' | 'partitionOf' | 'inherits' | 'replicaIdentity'> & {
  readonly identity: string
  readonly identityIndex: string | null
  readonly partitioning: { readonly key: string } | null
  readonly bound: string | null
  readonly parents: readonly Table[]
} & Row

/** The tables themselves, from `pg_class`. */
export async function readRelations(session: Session, oids: readonly number[]): Promise<Relation[]> {
  const { rows } = await session.query<RelationRow>(sql`
    select json_build_object('schema', n.nspname, 'name', c.relname) as table,
           c.oid,
           pg_get_userbyid(c.relowner) as owner,
           case c.relpersistence when 'u' then 'unlogged' else 'permanent' end as persistence,
           am.amname::text as "accessMethod",
           space.spcname::text as tablespace,
           to_json(coalesce(c.reloptions, '{}')
             || coalesce((select array_agg('toast.' || option) from unnest(toast.reloptions) option), '{}')) as options,
           obj_description(c.oid, 'pg_class') as comment,
           case when c.relkind = 'p' then json_build_object('key', pg_get_partkeydef(c.oid)) end as partitioning,
           pg_get_expr(c.relpartbound, c.oid) as bound,
           (select coalesce(json_agg(json_build_object('schema', pn.nspname, 'name', pc.relname) order by i.inhseqno), '[]')
              from pg_inherits i join pg_class pc on pc.oid = i.inhparent join pg_namespace pn on pn.oid = pc.relnamespace
             where i.inhrelid = c.oid) as parents,
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
  return rows.map(({ identity, identityIndex, partitioning, bound, parents, ...relation }) => ({
    ...relation,
    ...(partitioning === null ? {} : { partitioning }),
    ...place(bound, parents),
    replicaIdentity: replicaIdentity(identity, identityIndex),
  }))
}

/** Where a table hangs in a tree of tables. */
const place = (bound: string | null, parents: readonly Table[]): Pick<Relation, 'partitionOf' | 'inherits'> => {
  const [parent] = parents
  if (parent === undefined) return {}
  return bound === null ? { inherits: parents } : { partitionOf: { parent, bound } }
}

/** An identity index that was dropped leaves `i` without an index, which means nothing is logged: as PostgreSQL does. */
const replicaIdentity = (kind: string, index: string | null): Relation['replicaIdentity'] => {
  if (kind === 'index') return index === null ? { kind: 'nothing' } : { kind, index }
  return { kind: kind === 'full' || kind === 'nothing' ? kind : 'default' }
}
