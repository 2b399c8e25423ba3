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
 * Definitions of ordinary tables, in the order asked for. A constant number of queries, whatever the number of tables: it
 * runs under ACCESS EXCLUSIVE. Take a lock, or a repeatable read transaction, where other sessions may run DDL.
 * Throws `Capture.*`.
 */
export async function captureTables(session: Session, tables: readonly Table[]): Promise<TableDefinition[]> {
  if (tables.length === 0) return []
  await assertEmptySearchPath(session)
  const located = await locateTables(session, tables)
  const oids = located.map((table) => table.oid)
  const relations = await readRelations(session, oids)
  const columns = await readColumns(session, oids)
  const sequences = await readSequences(session, oids)
  const constraints = await readConstraints(session, oids)
  const foreignKeys = await readForeignKeys(session, oids)
  const indexes = await readIndexes(session, oids)
  const statistics = await readStatistics(session, oids)
  const policies = await readPolicies(session, oids)
  const triggers = await readTriggers(session, oids)
  const rules = await readRules(session, oids)
  return located.flatMap(({ oid }) =>
    relations
      .filter((relation) => relation.oid === oid)
      .map((relation) => ({
        ...relation,
        columns: of(oid, columns),
        sequences: of(oid, sequences),
        constraints: of(oid, constraints),
        foreignKeys: foreignKeys
          .filter(({ fromOid, toOid }) => fromOid === oid || toOid === oid)
          .map(({ fromOid: _from, toOid: _to, ...foreignKey }) => foreignKey),
        indexes: of(oid, indexes),
        statistics: of(oid, statistics),
        policies: of(oid, policies),
        triggers: of(oid, triggers),
        rules: of(oid, rules),
      })),
  )
}

/** The definition of one ordinary table. Throws `Capture.*`. */
export async function captureTable(session: Session, table: Table): Promise<TableDefinition> {
  const [definition] = await captureTables(session, [table])
  if (!definition) throw new TypeError('captureTables answers one definition for each table')
  return definition
}

const of = <T extends { oid: number }>(table: number, rows: readonly T[]): Omit<T, 'oid'>[] =>
  rows.filter(({ oid }) => oid === table).map(({ oid: _, ...row }) => row)
