import { captureTables } from '#core/ddl/capture.ts'
import type { ForeignKeyDefinition } from '#core/ddl/definition.ts'
import { type FoundDependents, findDependents } from '#core/ddl/dependents/find.ts'
import { distinctForeignKeys } from '#core/ddl/render/foreign-keys.ts'
import { contains, type RetirementId, same, type Table } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { readBelongings } from '#core/retire/belongings.ts'
import { surveyDependents, viewsToLock } from '#core/retire/dependents.ts'
import { RETIRED_SCHEMA, retiredName } from '#core/retire/names.ts'
import type { RetiredDependent, RetiredTable } from '#core/retire/record.ts'
import type { LockableRelation } from '#core/sql/locks.ts'

export interface Survey {
  readonly tables: readonly RetiredTable[]
  readonly boundaryForeignKeys: readonly ForeignKeyDefinition[]
  readonly dependents: readonly RetiredDependent[]
  /** All that depends on the tables, the dependents that go along among it. */
  readonly found: FoundDependents
}

/** What retiring the tables would record: read from the catalogue as it is now. `earlier` makes it faster. */
export async function survey(
  session: Session,
  id: RetirementId,
  tables: readonly Table[],
  earlier?: Survey,
): Promise<Survey> {
  const definitions = await captureTables(session, tables)
  const oids = definitions.map(({ oid }) => oid)
  const belongings = await readBelongings(session, id, oids)
  const found = await findDependents(session, oids, earlier?.found.capturable)
  const dependents = await surveyDependents(session, id, oids, found)
  return {
    tables: definitions.map((definition) => ({
      retired: { schema: RETIRED_SCHEMA, name: retiredName(id, definition.oid) },
      definition,
      renamed: belongings.filter(({ table }) => table === definition.oid).map(({ renamed }) => renamed),
    })),
    boundaryForeignKeys: distinctForeignKeys(definitions.flatMap(({ foreignKeys }) => foreignKeys)).filter(
      ({ from, to }) => !(contains(tables, from) && contains(tables, to)),
    ),
    dependents,
    found,
  }
}

/** The tables, the far sides of the foreign keys that go (dropping one locks both), and the views that go along. */
export const relationsToLock = (
  tables: readonly Table[],
  { boundaryForeignKeys, dependents }: Pick<Survey, 'boundaryForeignKeys' | 'dependents'>,
): LockableRelation[] =>
  [
    ...tables,
    ...boundaryForeignKeys.flatMap(({ from, to }) => [from, to]),
    ...viewsToLock(dependents.map(({ definition }) => definition)),
  ].filter((table, i, all) => all.findIndex((other) => same(table, other)) === i)
