import { isMembership, isRoutine, type RoutineDefinition } from '#core/ddl/dependents/definition.ts'
import { joinPublication, leavePublication } from '#core/ddl/dependents/publish.ts'
import { revokeRoutine, routineGrants, signature } from '#core/ddl/dependents/routine.ts'
import { printTable, type Table } from '#core/names.ts'
import { RETIRED_ROLE, RETIRED_SCHEMA } from '#core/retire/names.ts'
import type { RetiredDependent } from '#core/retire/record.ts'
import type { LockingStatement } from '#core/retire/statements.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

interface RetiredRoutine {
  readonly routine: RoutineDefinition
  readonly retired: Table
}

const routinesOf = (dependents: readonly RetiredDependent[]): RetiredRoutine[] =>
  dependents.flatMap(({ definition, retired }) =>
    isRoutine(definition) && retired ? [{ routine: definition, retired }] : [],
  )

const membershipsOf = (dependents: readonly RetiredDependent[]) =>
  dependents.map(({ definition }) => definition).filter(isMembership)

/** Functions and publications, before any table moves: signatures and publications know tables by their names. */
export const takeAway = (dependents: readonly RetiredDependent[]): LockingStatement[] => [
  ...membershipsOf(dependents).map((membership) => ({
    statement: leavePublication(membership),
    lock: `SHARE UPDATE EXCLUSIVE on ${printTable(membership.table)}`,
  })),
  ...routinesOf(dependents).flatMap(({ routine, retired }) =>
    [
      ...revokeRoutine(routine),
      sql`alter routine ${signature(routine)} rename to ${sql.id(retired.name)}`,
      sql`alter routine ${signature({ ...routine, routine: { ...routine.routine, name: retired.name } })} set schema ${sql.id(RETIRED_SCHEMA)}`,
      sql`alter routine ${signature({ ...routine, routine: retired })} owner to ${sql.id(RETIRED_ROLE)}`,
    ].map((statement) => ({ statement, lock: 'none on the table' })),
  ),
]

/** The reverse, when the tables are back under their names. */
export const bringBack = (dependents: readonly RetiredDependent[]): Sql[] => [
  ...routinesOf(dependents).flatMap(({ routine, retired }) => [
    sql`alter routine ${signature({ ...routine, routine: retired })} set schema ${sql.id(routine.routine.schema)}`,
    sql`alter routine ${signature({ ...routine, routine: { ...routine.routine, name: retired.name } })} rename to ${sql.id(routine.routine.name)}`,
    sql`alter routine ${signature(routine)} owner to ${sql.id(routine.owner)}`,
    ...routineGrants(routine),
  ]),
  ...membershipsOf(dependents).map(joinPublication),
]
