import type { ForeignKeyDefinition } from '#core/ddl/definition.ts'
import type { DependentDefinition } from '#core/ddl/dependents/definition.ts'
import { findIrreproducible } from '#core/ddl/inheritance.ts'
import { expandTrees } from '#core/ddl/trees.ts'
import type { Finding } from '#core/ddl/unsupported.ts'
import type { RetirementId, Table } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { missingBootstrap, requireOwners } from '#core/retire/bootstrap.ts'
import { readDependentRoles } from '#core/retire/dependents.ts'
import { findReaders, type Reader } from '#core/retire/readers.ts'
import { findObjections } from '#core/retire/refusals.ts'
import { mergeRoles, readRoles } from '#core/retire/roles.ts'
import { type LockingStatement, retireStatements } from '#core/retire/statements.ts'
import { relationsToLock, type Survey, survey } from '#core/retire/survey.ts'
import type { Sql } from '#core/sql/tag.ts'

export interface RetirementPlan {
  /** In the order in which they would run. */
  readonly statements: readonly LockingStatement[]
  /** All of them exclusively, for milliseconds: the tables and the far sides of their foreign keys. */
  readonly locked: readonly Table[]
  readonly boundaryForeignKeys: readonly ForeignKeyDefinition[]
  /** Not empty: it would be refused. */
  readonly refusals: readonly Finding[]
  readonly allowed: readonly Finding[]
  /** Of what is allowed: what goes along, each after what it uses. */
  readonly captured: readonly DependentDefinition[]
  /** What would be recorded. */
  readonly surveyed: Pick<Survey, 'tables' | 'dependents'>
  /** Who could still read the rows. */
  readonly readers: readonly Reader[]
  /** What the session's role lacks; a retirement would run it, or say that it may not. */
  readonly bootstrap: readonly Sql[]
}

/** What `retire` would do now. Writes nothing. Throws `Capture.*` when a table is not there, `Retire.NotBootstrapped` when it may not be read. */
export async function planRetirement(
  session: Session,
  input: { retirement: RetirementId; tables: readonly Table[]; allow: readonly string[] },
): Promise<RetirementPlan> {
  const { retirement, allow } = input
  const tables = await expandTrees(session, input.tables)
  const own = await readRoles(session, tables)
  await requireOwners(session, own)
  const roles = mergeRoles(own, await readDependentRoles(session, tables, allow))
  const surveyed = await survey(session, retirement, tables)
  const { refusals, allowed } = await findObjections(session, tables, allow, surveyed.found)
  const going = {
    ...surveyed,
    dependents: surveyed.dependents.filter(({ definition }) => allow.includes(definition.object)),
  }
  return {
    statements: retireStatements(going),
    locked: relationsToLock(tables, going),
    boundaryForeignKeys: surveyed.boundaryForeignKeys,
    refusals: [...findIrreproducible(surveyed.tables.map(({ definition }) => definition)), ...refusals],
    allowed,
    surveyed: going,
    captured: going.dependents.map(({ definition }) => definition),
    readers: await findReaders(session),
    bootstrap: await missingBootstrap(session, roles),
  }
}
