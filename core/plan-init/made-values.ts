import type { ColumnDefinition, ConstraintDefinition } from '#core/ddl/definition.ts'
import { same } from '#core/names.ts'
import { EXTENSION } from '#core/plan-init/find-tables.ts'
import type { DomainType, EnumType } from '#core/plan-init/surroundings.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/** Values by type, for row number `made.n`; `type` is the text of the catalogue. Others are not made. */
const MADE: readonly { readonly types: RegExp; readonly value: string }[] = [
  { types: /^(integer|bigint|real|double precision|numeric)$/, value: 'made.n' },
  { types: /^(smallint|numeric\(.*)$/, value: 'made.n % 9' },
  { types: /^(text|character varying|name|"char"|xml)$/, value: "'made ' || made.n" },
  { types: /^(character varying|character)\(\d+\)$/, value: 'made.n::pg_catalog.text' },
  { types: /^boolean$/, value: 'made.n % 2 = 0' },
  { types: /^uuid$/, value: "'00000000-0000-4000-8000-' || pg_catalog.lpad(pg_catalog.to_hex(made.n), 12, '0')" },
  { types: /^(date|timestamp.*)$/, value: "timestamp '2026-01-01' + pg_catalog.make_interval(mins => made.n)" },
  { types: /^time(\(| |$).*/, value: "time '00:00' + pg_catalog.make_interval(mins => made.n)" },
  { types: /^interval/, value: 'pg_catalog.make_interval(mins => made.n)' },
  { types: /^jsonb?$/, value: "pg_catalog.jsonb_build_object('made', made.n)" },
  { types: /^bytea$/, value: "pg_catalog.decode(pg_catalog.lpad(pg_catalog.to_hex(made.n), 8, '0'), 'hex')" },
  { types: /^(inet|cidr)$/, value: "(inet '10.0.0.0' + made.n)::pg_catalog.text" },
  { types: /^bit(\(|$)/, value: 'made.n' },
  { types: /^tsvector$/, value: "'made'" },
  { types: /^(int4|int8|num|ts|tstz|date)(multi)?range$/, value: "case when false then '' else 'empty' end" },
  { types: /\[\]$/, value: "'{}'" },
]

/** A vector needs as many numbers as its column; without a length, three. Two different rows have different ones. */
const vectorOf = (type: string): Sql => {
  const length = Number(/\((\d+)\)$/.exec(type)?.[1] ?? '3')
  const numbers =
    sql.raw(`(select pg_catalog.array_agg((pg_catalog.hashint4(made.n * 20011 + d) % 1000)::pg_catalog.float4 / 1000 order by d)
        from pg_catalog.generate_series(1, ${length}) as d)`)
  return sql`${numbers}::${sql.raw(type)}`
}

/** The first value of a check that lists the ones of a text column, such as those of a status. */
const listedIn = (column: string, constraints: readonly ConstraintDefinition[]): Sql | null => {
  const name = column.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('"', '""')
  const list = new RegExp(`\\(?"?${name}"?\\)?(?:::text)? = ANY \\(+ARRAY\\['((?:[^']|'')*)'`)
  for (const { kind, definition } of constraints) {
    const [, first] = (kind === 'check' && list.exec(definition)) || []
    if (first !== undefined) return sql.literal(first.replaceAll("''", "'"))
  }
  return null
}

/**
 * An expression over `made.n`, the number of the row, for a column of a generated row; `null` where no value of its type is
 * known. No value comes from a row of the real database.
 */
export function madeValue(
  column: ColumnDefinition,
  types: readonly (EnumType | DomainType)[],
  constraints: readonly ConstraintDefinition[],
): Sql | null {
  const { type, typeName, typeExtension } = column
  const cast = (value: Sql): Sql => sql`(${value})::${sql.raw(type)}`
  const listed = listedIn(column.name, constraints)
  if (listed) return cast(listed)
  if (typeExtension === EXTENSION && !type.endsWith('[]')) return vectorOf(type)
  const own = types.find((each) => same(each, typeName))
  if (own?.kind === 'enum') {
    const [label] = own.labels
    return label === undefined ? null : cast(sql.literal(label))
  }
  if (own?.kind === 'domain') {
    const base = madeValue(
      { ...column, name: 'VALUE', type: own.base, typeName: { schema: '', name: '' } },
      types,
      own.checks.map(asCheck),
    )
    return base === null ? null : cast(base)
  }
  const made = MADE.find((each) => each.types.test(type))
  return made ? cast(sql.raw(made.value)) : null
}

/** A domain speaks of VALUE where a table names the column. */
const asCheck = ({ name, definition }: DomainType['checks'][number]): ConstraintDefinition => ({
  name,
  definition,
  kind: 'check',
  validated: true,
  comment: null,
  index: null,
})
