import type { Grant, TableDefinition } from '#core/ddl/definition.ts'
import { dropForeignKey } from '#core/ddl/render/foreign-keys.ts'
import { named, role } from '#core/ddl/render/names.ts'
import { printTable, type Table } from '#core/names.ts'
import { takeAway } from '#core/retire/dependent-statements.ts'
import { movableViews } from '#core/retire/dependents.ts'
import { RETIRED_ROLE, RETIRED_SCHEMA } from '#core/retire/names.ts'
import type { RetiredTable } from '#core/retire/record.ts'
import type { Survey } from '#core/retire/survey.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

export interface LockingStatement {
  readonly statement: Sql
  /** For people: what it locks, and how. */
  readonly lock: string
}

/**
 * What a retirement runs, in order, as the session's own role; none of it looks at a row. The order matters: grants go while the
 * owner still is the owner, names change before the move, because two retirements may have had the same ones.
 */
export function retireStatements({ tables, boundaryForeignKeys, dependents }: Survey): LockingStatement[] {
  const views = movableViews(dependents)
  return [
    ...takeAway(dependents),
    ...boundaryForeignKeys.map((foreignKey) => ({
      statement: dropForeignKey(foreignKey),
      lock: `ACCESS EXCLUSIVE on ${printTable(foreignKey.from)} and ${printTable(foreignKey.to)}`,
    })),
    ...tables.flatMap(({ definition }) => [
      ...revokeAll(definition).map((statement) => ({ statement, lock: 'none on the table' })),
      ...silence(definition).map((statement) => ({ statement, lock: exclusive(definition.table) })),
    ]),
    ...views.flatMap(({ definition }) =>
      revokeAll(definition).map((statement) => ({ statement, lock: 'none on the table' })),
    ),
    ...[...tables, ...views].flatMap(renameBelongings),
    ...[...tables, ...views].flatMap(move),
  ]
}

const exclusive = (table: Table): string => `ACCESS EXCLUSIVE on ${printTable(table)}`

/** Grants on columns by others than the owner outlive the loss of their grant option: their grantors take them back. */
function revokeAll({ table, owner, columns, grants, sequences }: TableDefinition): Sql[] {
  const byOthers = columns.flatMap(({ name, grants }) =>
    (grants ?? [])
      .filter(({ grantor }) => grantor !== owner)
      .map(({ grantor, grantee, privilege }) => ({ name, grantor, grantee, privilege })),
  )
  return [
    ...byOthers
      .toReversed()
      .flatMap(({ name, grantor, grantee, privilege }) => [
        sql`set local role ${sql.id(grantor)}`,
        sql`revoke ${sql.raw(privilege)} (${sql.id(name)}) on table ${named(table)} from ${role(grantee)} cascade`,
        sql`set local role none`,
      ]),
    ...revokeFrom(
      sql`table ${named(table)}`,
      [...(grants ?? []), ...columns.flatMap(({ grants }) => grants ?? [])],
      owner,
    ),
    ...sequences.flatMap(({ sequence, grants }) => revokeFrom(sql`sequence ${named(sequence)}`, grants ?? [], owner)),
  ]
}

const revokeFrom = (object: Sql, grants: readonly Grant[], owner: string): Sql[] =>
  [...new Set(grants.map(({ grantee }) => grantee))]
    .filter((grantee) => grantee !== owner)
    .map((grantee) => sql`revoke all on ${object} from ${role(grantee)} cascade`)

/** A role under forced row security copies a subset: nobody but the owner is left to be kept out. */
function silence({ table, triggers, rules, rowSecurity }: TableDefinition): Sql[] {
  return [
    ...(triggers.length > 0 ? [sql`alter table only ${named(table)} disable trigger user`] : []),
    ...rules.map(({ name }) => sql`alter table ${named(table)} disable rule ${sql.id(name)}`),
    ...(rowSecurity.forced ? [sql`alter table ${named(table)} no force row level security`] : []),
  ]
}

function renameBelongings({ renamed }: RetiredTable): LockingStatement[] {
  return renamed.flatMap(({ kind, from, to }) => {
    const rename = sql`alter ${sql.raw(kind)} ${named(from)} rename to ${sql.id(to.name)}`
    const lock = `${kind === 'sequence' ? 'ACCESS' : 'SHARE UPDATE'} EXCLUSIVE on ${kind} ${printTable(from)}`
    if (kind !== 'statistics') return [{ statement: rename, lock }]
    return [
      { statement: rename, lock },
      { statement: sql`alter statistics ${sql.id(from.schema, to.name)} set schema ${sql.id(RETIRED_SCHEMA)}`, lock },
      { statement: sql`alter statistics ${named(to)} owner to ${sql.id(RETIRED_ROLE)}`, lock },
    ]
  })
}

function move({ definition, retired }: RetiredTable): LockingStatement[] {
  const { table } = definition
  const lock = exclusive(table)
  const none = 'none on the table'
  return [
    { statement: sql`alter table ${named(table)} rename to ${sql.id(retired.name)}`, lock },
    { statement: sql`alter table ${sql.id(table.schema, retired.name)} set schema ${sql.id(RETIRED_SCHEMA)}`, lock },
    { statement: sql`alter table ${named(retired)} owner to ${sql.id(RETIRED_ROLE)}`, lock },
    // The owner may have given up rights of its own, which a snapshot needs.
    { statement: sql`set local role ${sql.id(RETIRED_ROLE)}`, lock: none },
    { statement: sql`grant all on table ${named(retired)} to ${sql.id(RETIRED_ROLE)}`, lock: none },
    { statement: sql`set local role none`, lock: none },
  ]
}
