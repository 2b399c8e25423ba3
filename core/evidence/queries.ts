import type { Ledger } from '#core/ledger/ledger.ts'
import type { Table } from '#core/names.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/** The relations of the plan, under the names that the application knows. */
const named = (tables: readonly Table[]): Sql =>
  sql`(n.nspname, c.relname) in (select * from unnest(${tables.map(({ schema }) => schema)}::text[], ${tables.map(({ name }) => name)}::text[]))`

export const runningQueries = () => sql`
  select pid, usename as "user", application_name, client_addr::text, backend_type, state, wait_event_type, wait_event,
         backend_start, xact_start, query_start, state_change, pg_catalog.pg_blocking_pids(pid) as blocked_by, query
    from pg_catalog.pg_stat_activity
   where pid <> pg_catalog.pg_backend_pid() and datname = pg_catalog.current_database()
   order by query_start`

export const locks = () => sql`
  select l.pid, l.locktype, l.mode, l.granted, l.waitstart, n.nspname as schema, c.relname as relation
    from pg_catalog.pg_locks l
    left join pg_catalog.pg_class c on c.oid = l.relation
    left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where l.pid is distinct from pg_catalog.pg_backend_pid() -- a prepared transaction has none
     and (l.database is null or l.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database()))
   order by l.pid, l.locktype`

export const sizes = (tables: readonly Table[]) => sql`
  select n.nspname as schema, c.relname as name, c.reltuples::bigint as estimated_rows,
         pg_catalog.pg_total_relation_size(c.oid) as total_bytes, pg_catalog.pg_table_size(c.oid) as table_bytes,
         pg_catalog.pg_indexes_size(c.oid) as index_bytes, s.n_live_tup, s.n_dead_tup, s.last_autovacuum, s.last_analyze
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join pg_catalog.pg_stat_all_tables s on s.relid = c.oid
   where ${named(tables)}
   order by 1, 2`

export const indexStates = (tables: readonly Table[]) => sql`
  select n.nspname as schema, c.relname as table, i.relname as index, am.amname as method, x.indisvalid as valid,
         x.indisready as ready, x.indisunique as unique, pg_catalog.pg_relation_size(i.oid) as bytes,
         pg_catalog.pg_get_indexdef(i.oid) as definition
    from pg_catalog.pg_index x
    join pg_catalog.pg_class c on c.oid = x.indrelid
    join pg_catalog.pg_class i on i.oid = x.indexrelid
    join pg_catalog.pg_am am on am.oid = i.relam
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where ${named(tables)}
   order by 1, 2, 3`

export const indexBuilds = () => sql`
  select pid, relid::regclass::text as relation, index_relid::regclass::text as index, command, phase, blocks_done,
         blocks_total, tuples_done, tuples_total
    from pg_catalog.pg_stat_progress_create_index
   where datname = pg_catalog.current_database()`

export const policies = (tables: readonly Table[]) => sql`
  select n.nspname as schema, c.relname as table, c.relrowsecurity as enabled, c.relforcerowsecurity as forced,
         p.polname as policy, p.polcmd as command, p.polpermissive as permissive,
         (select pg_catalog.array_agg(case r when 0 then 'public' else pg_catalog.pg_get_userbyid(r) end)
            from pg_catalog.unnest(p.polroles) r) as roles,
         pg_catalog.pg_get_expr(p.polqual, p.polrelid) as using, pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) as with_check
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join pg_catalog.pg_policy p on p.polrelid = c.oid
   where ${named(tables)}
   order by 1, 2, 5`

export const extensions = () => sql`
  select e.extname as name, e.extversion as version, n.nspname as schema
    from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace order by 1`

/** Where the migration tool says that the database is. */
export const revisions = ({ table }: Ledger) => sql`select * from ${sql.id(table.schema, table.name)}`

export const server = () => sql`
  select pg_catalog.version() as version, pg_catalog.current_database() as database, current_user as "user",
         pg_catalog.pg_postmaster_start_time() as started_at, pg_catalog.pg_is_in_recovery() as in_recovery,
         pg_catalog.current_setting('max_connections') as max_connections, pg_catalog.current_setting('work_mem') as work_mem,
         pg_catalog.current_setting('maintenance_work_mem') as maintenance_work_mem,
         pg_catalog.current_setting('shared_buffers') as shared_buffers`

export const connections = () => sql`
  select state, count(*) as connections from pg_catalog.pg_stat_activity
   where datname = pg_catalog.current_database() group by state order by 1`
