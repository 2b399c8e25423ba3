import type { Table } from '#core/names.ts'
import { asksForTenant, type Proposal } from '#core/plan-init/proposal.ts'
import { quoteLiteral, sql } from '#core/sql/tag.ts'

const id = ({ schema, name }: Table): string => sql.id(schema, name).text
const regclass = (table: Table): string => `pg_catalog.to_regclass(${quoteLiteral(id(table))})`

/** The tables and their partitions and heirs, as they are when it is asked. */
const tree = ({ tables }: Proposal): string => `with recursive tree as (
  select root::pg_catalog.oid as oid
  from pg_catalog.unnest(array[${tables.map(({ table }) => regclass(table)).join(', ')}]) as root
  union
  select i.inhrelid from tree join pg_catalog.pg_inherits as i on i.inhparent = tree.oid
)`

/** As a word of a statement's text, in quotes or not. */
const asWord = ({ name }: Table): string => {
  const text = name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return `${/^\w/.test(name) ? '\\m' : ''}${text}${/\w$/.test(name) ? '\\M' : ''}`
}

const pattern = ({ tables }: Proposal): string =>
  quoteLiteral([...new Set(tables.map(({ table }) => asWord(table)))].join('|'))

const sentinel = ({ name, facts }: Proposal): string =>
  facts.comment === null
    ? `-- The name of the database, which has no comment. A comment says more: comment on database … is '…', and ask for that.
-- A drill's database says of itself that it is one, and has a name of its own.
select case pg_catalog.obj_description(pg_catalog.to_regnamespace('public'), 'pg_namespace')
  when ${quoteLiteral(`fixture of ${name}`)} then ${quoteLiteral(facts.database)}
  else pg_catalog.current_database()::pg_catalog.text end as database;
`
    : `-- The comment of the database says whose it is.
select pg_catalog.shobj_description(oid, 'pg_database') as database
from pg_catalog.pg_database
where datname = pg_catalog.current_database();
`

const longestQuery = (proposal: Proposal): string =>
  `-- Seconds that the longest query on the tables of the plan has been running. Needs pg_read_all_stats to see others' queries.
select coalesce(
  pg_catalog.max(extract(epoch from pg_catalog.clock_timestamp() - query_start)), 0
)::float8 as seconds
from pg_catalog.pg_stat_activity
where state = 'active'
  and datname = pg_catalog.current_database()
  and backend_type = 'client backend'
  and pid <> pg_catalog.pg_backend_pid()
  and application_name not like 'vector-rollback:%'
  and query ~* ${pattern(proposal)};
`

const blockedQueries = (proposal: Proposal): string =>
  `-- Sessions that wait for a session whose statement names a table of the plan.
select pg_catalog.count(*) as blocked
from pg_catalog.pg_stat_activity as waiting
where waiting.wait_event_type = 'Lock'
  and waiting.datname = pg_catalog.current_database()
  and exists (
    select
    from pg_catalog.pg_stat_activity as holder
    where holder.pid = any (pg_catalog.pg_blocking_pids(waiting.pid))
      and holder.query ~* ${pattern(proposal)}
  );
`

const invalidIndexes = (proposal: Proposal): string =>
  `-- Invalid indexes of the tables that nobody is building: maintained, and never used.
${tree(proposal)}
select pg_catalog.count(*) as invalid
from pg_catalog.pg_index as i
where i.indrelid in (select oid from tree)
  and not i.indisvalid
  and not exists (
    select from pg_catalog.pg_stat_progress_create_index as p where p.index_relid = i.indexrelid
  );
`

/** What row security was there when the plan was written, and is no more. A table that is away has no gap. */
const rowSecurity = ({ secured }: Proposal): string => {
  const rows = secured.map(
    ({ table, forced, policies }) =>
      `  (${regclass(table)}, ${forced}, array[${policies.map(quoteLiteral).join(', ')}]::pg_catalog.text[])`,
  )
  return `-- Tables, of those that are there, whose row security is off, not forced any more, or has lost a policy.
select pg_catalog.count(*) as gaps
from (values
${rows.join(',\n')}
) as wanted (oid, forced, policies)
join pg_catalog.pg_class as c on c.oid = wanted.oid
where not c.relrowsecurity
  or (wanted.forced and not c.relforcerowsecurity)
  or exists (
    select from pg_catalog.unnest(wanted.policies) as policy
    where not exists (
      select from pg_catalog.pg_policy as p where p.polrelid = c.oid and p.polname = policy
    )
  );
`
}

const readable = (proposal: Proposal, table: Table): string =>
  asksForTenant(proposal, table)
    ? `-- That the role may read it. Its policies ask for ${proposal.settings.join(', ')}: a question of the application's own, for a tenant that has
-- rows, proves more.
select coalesce(
  pg_catalog.has_schema_privilege(${quoteLiteral(table.schema)}, 'USAGE')
    and pg_catalog.has_table_privilege(${regclass(table)}, 'SELECT'),
  false
)::pg_catalog.int4 as readable;
`
    : `-- At most one row: that it can be read, not what is in it.
select pg_catalog.count(*) as readable
from (select 1 from ${id(table)} limit 1) as one;
`

const gone = ({ tables }: Proposal): string =>
  `-- By schema and name in the catalogue: missing rights would look like removal elsewhere.
select ${tables.map(({ table }) => `${regclass(table)} is null`).join('\n  and ')} as gone;
`

const names = (indexes: readonly Table[]): string =>
  indexes.map((index) => `    (${quoteLiteral(id(index))})`).join(',\n')

const indexesLeft = ({ droppable }: Proposal): string =>
  `-- Vector indexes of the partial path that are still there.
select wanted.name as index
from (
  values
${names(droppable)}
) as wanted (name)
where pg_catalog.to_regclass(wanted.name) is not null;
`

const indexesMissing = ({ valid }: Proposal): string =>
  `-- Vector indexes that are not there, or not valid.
select wanted.name as index
from (
  values
${names(valid)}
) as wanted (name)
where not exists (
  select
  from pg_catalog.pg_index as i
  where i.indexrelid = pg_catalog.to_regclass(wanted.name) and i.indisvalid and i.indisready and i.indislive
);
`

/** The SQL of the plan by the names that plan.yaml uses. */
export const sqlFiles = (proposal: Proposal): Readonly<Record<string, string>> => ({
  'sql/sentinel.sql': sentinel(proposal),
  'sql/longest-query.sql': longestQuery(proposal),
  'sql/blocked-queries.sql': blockedQueries(proposal),
  'sql/invalid-indexes.sql': invalidIndexes(proposal),
  'sql/tables-gone.sql': gone(proposal),
  'sql/extension.sql': `select extversion from pg_catalog.pg_extension where extname = ${quoteLiteral(proposal.facts.extension.name)};\n`,
  ...Object.fromEntries(
    proposal.tables.map(({ slug, table }) => [`sql/readable-${slug}.sql`, readable(proposal, table)]),
  ),
  ...(proposal.secured.length > 0 ? { 'sql/row-security-gaps.sql': rowSecurity(proposal) } : {}),
  ...(proposal.droppable.length > 0 ? { 'sql/vector-indexes-left.sql': indexesLeft(proposal) } : {}),
  ...(proposal.valid.length > 0 ? { 'sql/vector-indexes-missing.sql': indexesMissing(proposal) } : {}),
})
