import { quoteIdentifier as id, quoteLiteral as literal } from '#core/sql/tag.ts'
import { condition } from './conditions.ts'
import { random } from './random.ts'
import { remark, type Statement } from './table.ts'
import type { Whole } from './wholes.ts'

export const views: Whole = {
  name: 'views and materialized views',
  of: ({ seed, tables, names, roles, superuser }) =>
    tables.slice(0, 4).flatMap((table, i) => {
      const r = random(seed, `view ${i}`)
      // A query as its owner would see a part of the rows only, or none.
      const { key, owner } = table
      if (!key || table.has('row security') || table.has('owner gives up rights')) return []
      const [view, above, stored] = ['view', 'above', 'stored'].map(
        (kind) => `${table.schemaId}.${id(names.next(kind))}`,
      )
      const column = id(names.next('column'))
      const some = [
        `comment on view ${view} is ${remark(r)}`,
        `comment on column ${view}.${column} is ${remark(r)}`,
        `grant select (${column}) on ${view} to ${id(roles.reader)}`,
        `grant select on ${above} to ${id(roles.analyst)} with grant option`,
        `create unique index ${id(names.next('index'))} on ${stored} (${column})`,
        `comment on materialized view ${stored} is ${remark(r)}`,
        ...(table.has('unlogged')
          ? []
          : [`create publication ${id(names.next('publication'))} for table ${table.id} with (publish = 'insert')`]),
      ]
      const texts = [
        `create view ${view} (${column}) ${r.pick(['', 'with (security_barrier)', 'with (security_invoker)'])} as select ${key.id} from ${table.id} where ${key.id} is not null or ${condition(table, r)}`,
        `create view ${above} as select ${column}, count(*) as n from ${view} group by 1`,
        `create materialized view ${stored} (${column}) as select distinct ${key.id}::text from ${table.id}`,
        ...some.filter(() => r.chance(0.5)),
      ]
      return [
        {
          as: superuser,
          text: `do $d$ begin execute format('grant create on database %I to %I', current_database(), ${literal(owner)}); end $d$`,
        },
        ...texts.map((text) => ({ as: owner, text })),
      ] satisfies Statement[]
    }),
}
