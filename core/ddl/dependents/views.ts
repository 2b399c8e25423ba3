import { readColumns } from '#core/ddl/catalogue/columns.ts'
import { readIndexes } from '#core/ddl/catalogue/indexes.ts'
import { readRelations } from '#core/ddl/catalogue/relations.ts'
import { readRules } from '#core/ddl/catalogue/rules.ts'
import { readStatistics } from '#core/ddl/catalogue/statistics.ts'
import { readTriggers } from '#core/ddl/catalogue/triggers.ts'
import type { TableDefinition } from '#core/ddl/definition.ts'
import type { ViewDefinition } from '#core/ddl/dependents/definition.ts'
import type { Row, Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

interface Query {
  readonly oid: number
  readonly query: string
  readonly populated: boolean | null
}

/** Those of the oids that are views or materialized views. What a view cannot have (keys, sequences, policies) is empty. */
export async function readViews(
  session: Session,
  oids: readonly number[],
): Promise<Pick<ViewDefinition, 'relation' | 'query' | 'populated'>[]> {
  const { rows: queries } = await session.query<Query & Row>(sql`
    select oid, rtrim(pg_get_viewdef(oid), ';') as query, case relkind when 'm' then relispopulated end as populated
      from pg_class where oid = any(${oids}::oid[]) and relkind in ('v', 'm')`)
  if (queries.length === 0) return []
  const views = queries.map(({ oid }) => oid)
  const relations = await readRelations(session, views)
  const columns = await readColumns(session, views)
  const indexes = await readIndexes(session, views)
  const statistics = await readStatistics(session, views)
  const triggers = await readTriggers(session, views)
  const rules = await readRules(session, views)
  return relations.map((relation) => {
    const { oid } = relation
    const found = queries.find((each) => each.oid === oid)
    const definition: TableDefinition = {
      ...relation,
      columns: of(oid, columns),
      indexes: of(oid, indexes),
      statistics: of(oid, statistics),
      triggers: of(oid, triggers),
      // The rule that makes it a view is its query.
      rules: of(oid, rules).filter(({ name }) => name !== '_RETURN'),
      ...{ sequences: [], constraints: [], foreignKeys: [], policies: [] },
    }
    return { relation: definition, query: found?.query ?? '', populated: found?.populated ?? null }
  })
}

const of = <T extends { oid: number }>(relation: number, rows: readonly T[]): Omit<T, 'oid'>[] =>
  rows.filter(({ oid }) => oid === relation).map(({ oid: _, ...row }) => row)
