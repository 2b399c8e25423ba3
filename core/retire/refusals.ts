import type { FoundDependents } from '#core/ddl/dependents/find.ts'
import { findReworded } from '#core/ddl/reworded.ts'
import { type Finding, findUncapturable } from '#core/ddl/unsupported.ts'
import { RollbackError } from '#core/errors.ts'
import { printTable, type Table } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { type OwnerStanding, readOwners } from '#core/retire/owners.ts'
import { findReaders } from '#core/retire/readers.ts'
import { findLogicalSlots } from '#core/retire/slots.ts'
import type { Survey } from '#core/retire/survey.ts'
import { sql } from '#core/sql/tag.ts'

export interface Objections {
  /** Why the tables may not be retired. */
  readonly refusals: readonly Finding[]
  /** What the plan allows by name. */
  readonly allowed: readonly Finding[]
}

/** @param allow objects by the names that the findings have */
export async function findObjections(
  session: Session,
  tables: readonly Table[],
  allow: readonly string[],
  dependents?: FoundDependents,
): Promise<Objections> {
  const ofTables = await findObjectionsOfTables(session, tables, allow, dependents)
  const outside = sort(await outsideFindings(session), allow)
  const powerless = await powerlessOwners(session, tables)
  return {
    refusals: [...ofTables.refusals, ...outside.refusals, ...powerless],
    allowed: [...ofTables.allowed, ...outside.allowed],
  }
}

/** Only what hangs on the tables themselves: what has to be looked at again under their locks. */
export const findObjectionsOfTables = async (
  session: Session,
  tables: readonly Table[],
  allow: readonly string[],
  dependents?: FoundDependents,
): Promise<Objections> => sort(await findUncapturable(session, tables, dependents), allow)

const sort = (findings: readonly Finding[], allow: readonly string[]): Objections => {
  const isAllowed = ({ object, never }: Finding) => allow.includes(object) && never === undefined
  return {
    refusals: findings
      .filter((finding) => !isAllowed(finding))
      .map(({ object, why, never }) => ({ object, why: never !== undefined && allow.includes(object) ? never : why })),
    allowed: findings.filter(isAllowed),
  }
}

/** What a snapshot of the tables would bring back with another text. Tried out: see `findReworded`. */
export const findRewordings = async (
  session: Session,
  { tables, dependents }: Pick<Survey, 'tables' | 'dependents'>,
  allow: readonly string[],
): Promise<Objections> =>
  sort(
    await findReworded(
      session,
      tables.map(({ definition }) => definition),
      dependents.map(({ definition }) => definition).filter(({ object }) => allow.includes(object)),
    ),
    allow,
  )

/** Throws `Retire.Refused` with every reason. */
export function requireNoRefusals({ refusals }: Objections): void {
  if (refusals.length === 0) return
  throw new RollbackError('Retire.Refused', refusals.map(({ object, why }) => `"${object}" ${why}.`).join(' '), {
    fix: `Remove what is in the way, or allow it by name in the plan: ${refusals.map(({ object }) => JSON.stringify(object)).join(', ')}.`,
    category: 'refused',
  })
}

async function outsideFindings(session: Session): Promise<Finding[]> {
  const slots = await findLogicalSlots(session)
  const readers = await findReaders(session)
  return [
    ...slots.map((slot) => ({
      object: `replication slot ${slot}`,
      why: 'streams changes of this database; if allowed, its consumer sees a restore as new rows',
    })),
    ...readers
      .filter(({ unavoidable }) => !unavoidable)
      .map(({ role, through }) => ({ object: `role ${role}`, why: `reads every table through ${through}` })),
  ]
}

/** Not to be allowed away: the move, or undo, would fail. */
async function powerlessOwners(session: Session, tables: readonly Table[]): Promise<Finding[]> {
  const owners = await readOwners(session, tables)
  return [
    ...owners.filter(({ mayCreate }) => !mayCreate).map(withoutSchema),
    ...owners.filter(({ mayLock }) => !mayLock).map(withoutLock),
  ]
}

const withoutSchema = ({ schema, name, owner }: OwnerStanding): Finding => ({
  object: `owner ${owner}`,
  why: `may not create in the schema of "${printTable({ schema, name })}", so that undo could not make it the owner again: ${
    sql`grant create on schema ${sql.id(schema)} to ${sql.id(owner)}`.text
  }`,
})

const withoutLock = ({ schema, name, owner }: OwnerStanding): Finding => ({
  object: `owner ${owner}`,
  why: `may not lock its own table "${printTable({ schema, name })}": ${
    sql`grant truncate on ${sql.id(schema, name)} to ${sql.id(owner)}`.text
  }`,
})
