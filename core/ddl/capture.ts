import { readColumns } from '#core/ddl/catalogue/columns.ts'
import { readConstraints } from '#core/ddl/catalogue/constraints.ts'
import { readForeignKeys } from '#core/ddl/catalogue/foreign-keys.ts'
import { readIndexes } from '#core/ddl/catalogue/indexes.ts'
import { locateTables } from '#core/ddl/catalogue/locate.ts'
import { readPolicies } from '#core/ddl/catalogue/policies.ts'
import { readRelations } from '#core/ddl/catalogue/relations.ts'
import { readRules } from '#core/ddl/catalogue/rules.ts'
import { assertEmptySearchPath } from '#core/ddl/catalogue/search-path.ts'
import { readSequences } from '#core/ddl/catalogue/sequences.ts'
import { readStatistics } from '#core/ddl/catalogue/statistics.ts'
import { readTriggers } from '#core/ddl/catalogue/triggers.ts'
import type { TableDefinition } from '#core/ddl/definition.ts'
import type { Table } from '#core/names.ts'
import type { Session } from '#core/ports.ts'

/**
 * Definitions of ordinary and partitioned tables, in the order asked for. A constant number of queries, whatever the number of tables: it
 * runs under ACCESS EXCLUSIVE. Take a lock, or a repeatable read transaction, where other sessions may run DDL.
 * Throws `Capture.*`.
 */
export async function captureTables(session: Session, tables: readonly Table[]): Promise<TableDefinition[]> {
  if (tables.length === 0) return []
  await assertEmptySearchPath(session)
  const located = await locateTables(session, tables)
  const oids = located.map((table) => table.oid)
  const relations = new Map((await readRelations(session, oids)).map((relation) => [relation.oid, relation]))
  const columns = byTable(await readColumns(session, oids))
  const sequences = byTable(await readSequences(session, oids))
  const constraints = byTable(await readConstraints(session, oids))
  const foreignKeys = await readForeignKeys(session, oids)
  const indexes = byTable(await readIndexes(session, oids))
  const statistics = byTable(await readStatistics(session, oids))
  const policies = byTable(await readPolicies(session, oids))
  const triggers = byTable(await readTriggers(session, oids))
  const rules = byTable(await readRules(session, oids))
  return located.flatMap(({ oid }) => {
    const relation = relations.get(oid)
    if (!relation) return []
    return {
      ...relation,
      columns: columns.get(oid) ?? [],
      sequences: sequences.get(oid) ?? [],
      constraints: constraints.get(oid) ?? [],
      foreignKeys: foreignKeys
        .filter(({ fromOid, toOid }) => fromOid === oid || toOid === oid)
        .map(({ fromOid: _from, toOid: _to, ...foreignKey }) => foreignKey),
      indexes: indexes.get(oid) ?? [],
      statistics: statistics.get(oid) ?? [],
      policies: policies.get(oid) ?? [],
      triggers: triggers.get(oid) ?? [],
      rules: rules.get(oid) ?? [],
    }
  })
}

/** The definition of one table. Throws `Capture.*`. */
export async function captureTable(session: Session, table: Table): Promise<TableDefinition> {
  const [definition] = await captureTables(session, [table])
  if (!definition) throw new TypeError('captureTables answers one definition for each table')
  return definition
}

/** A tree may have a thousand partitions, and everybody waits. */
function byTable<T extends { oid: number }>(rows: readonly T[]): Map<number, Omit<T, 'oid'>[]> {
  const tables = new Map<number, Omit<T, 'oid'>[]>()
  for (const { oid, ...row } of rows) {
    const own = tables.get(oid)
    if (own) own.push(row)
    else tables.set(oid, [row])
  }
  return tables
}
