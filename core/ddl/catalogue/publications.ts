import type { Row, Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

export interface Replicated {
  readonly object: string
  readonly table: string
  /** How a publication carries it, or that a subscription fills it. */
  readonly by: 'name' | 'schema' | 'all tables' | 'subscription'
}

/** Publications that carry the tables, by name, by schema or all, and subscriptions that fill them. */
export async function readReplication(session: Session, oids: readonly number[]): Promise<Replicated[]> {
  const { rows } = await session.query<Replicated & Row>(sql`
    select 'publication ' || quote_ident(p.pubname) as object, c.oid::regclass::text as table,
           case when publication.puballtables then 'all tables'
             when exists (select from pg_publication_namespace s where s.pnpubid = publication.oid and s.pnnspid = n.oid) then 'schema'
             else 'name' end as by
      from pg_publication_tables p
      join pg_publication publication using (pubname)
      join pg_namespace n on n.nspname = p.schemaname
      join pg_class c on c.relnamespace = n.oid and c.relname = p.tablename
     where c.oid = any(${oids}::oid[])
    union
    select 'subscription ' || quote_ident(s.subname), r.srrelid::regclass::text, 'subscription'
      from pg_subscription_rel r join pg_subscription s on s.oid = r.srsubid
     where r.srrelid = any(${oids}::oid[])
     order by 1, 2`)
  return rows
}
