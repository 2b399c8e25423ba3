import type { SequenceDefinition, TableDefinition } from '#core/ddl/definition.ts'
import { named } from '#core/ddl/render/names.ts'
import type { Table } from '#core/names.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/** Sequences that the columns own, at the values they had; for identity columns, the identity itself. */
export function sequences(definition: TableDefinition): Sql[] {
  return definition.sequences.flatMap((sequence) => [
    ...(sequence.ownedBy === 'identity' ? identity(definition, sequence) : serial(definition.table, sequence)),
    sql`select setval(${sql.literal(named(sequence.sequence).text)}::regclass, ${sql.raw(bigint(sequence.lastValue))}, ${
      sequence.isCalled ? sql`true` : sql`false`
    })`,
  ])
}

function identity(definition: TableDefinition, sequence: SequenceDefinition): Sql[] {
  const { table, columns } = definition
  const kind = columns.find(({ name }) => name === sequence.column)?.identity
  if (!kind) throw new TypeError(`"${sequence.column}" has an identity sequence and is no identity column`)
  return [
    sql`alter table ${named(table)} alter column ${sql.id(sequence.column)} add generated ${sql.raw(kind)} as identity (sequence name ${named(sequence.sequence)} ${options(sequence)})`,
    ...durability(definition, sequence),
  ]
}

/** The sequence of a new identity is as durable as the table; somebody may have changed one of them since. */
const durability = (table: TableDefinition, { sequence, persistence }: SequenceDefinition): Sql[] =>
  table.persistence === persistence
    ? []
    : [sql`alter sequence ${named(sequence)} set ${sql.raw(persistence === 'unlogged' ? 'unlogged' : 'logged')}`]

const serial = (table: Table, sequence: SequenceDefinition): Sql[] => [
  sql`create ${sequence.persistence === 'unlogged' ? sql`unlogged ` : sql``}sequence ${named(sequence.sequence)} as ${sql.raw(sequence.type)} ${options(sequence)}`,
  sql`alter sequence ${named(sequence.sequence)} owned by ${sql.id(table.schema, table.name, sequence.column)}`,
]

const options = ({ start, increment, min, max, cache, cycle }: SequenceDefinition): Sql =>
  sql.raw(
    `start with ${bigint(start)} increment by ${bigint(increment)} minvalue ${bigint(min)} maxvalue ${bigint(max)} cache ${bigint(cache)} ${
      cycle ? 'cycle' : 'no cycle'
    }`,
  )

/** The catalogue's int8 as text; anything else in a record is not ours. */
const bigint = (text: string): string => BigInt(text).toString()
