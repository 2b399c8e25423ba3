import { quoteIdentifier as id, quoteLiteral as literal } from '#core/sql/tag.ts'
import { views } from './dependents.ts'
import type { Statement } from './table.ts'
import { inherited, partitioned } from './trees.ts'
import type { World } from './world.ts'

/** What spans tables, or surrounds them: for traits of a whole database. One that adds tables to the plan puts them into `world.roots`. */
export interface Whole {
  readonly name: string
  of(world: World): readonly Statement[]
}

export const WHOLES: readonly Whole[] = [
  partitioned,
  inherited,
  {
    name: 'one sequence for several tables',
    of: ({ tables, names }) => {
      const [owning, ...others] = tables.filter(({ hasSequence }) => hasSequence).toReversed()
      return others.slice(0, 2).flatMap((other) => {
        if (!owning || owning.owner !== other.owner) return []
        const column = id(names.next('drawn'))
        return [
          { as: other.owner, text: `alter table ${other.id} add column ${column} bigint` },
          {
            as: other.owner,
            text: `do $d$ begin execute format('alter table %s alter column %s set default nextval(%L::regclass)',
              ${literal(other.id)}, ${literal(column)}, ${owning.sequence}); end $d$`,
          },
        ]
      })
    },
  },
  {
    name: 'rules and policies that look at other tables',
    of: ({ tables, names }) =>
      tables.slice(1, 4).flatMap((table, i) => {
        const other = tables[i]
        if (!other || other.owner !== table.owner || table.key === null) return []
        return [
          `create rule ${id(names.next('rule'))} as on delete to ${table.id} where exists (select from ${other.id}) do instead nothing`,
          `create policy ${id(names.next('policy'))} on ${table.id} for select using (exists (select from ${other.id}))`,
        ].map((text) => ({ as: table.owner, text }))
      }),
  },
  {
    name: 'statistics of another owner',
    of: ({ tables, names, superuser, roles }) =>
      tables.flatMap((table) => {
        const [one, two] = table.able('order')
        if (!one || !two || table.owner !== roles.second) return []
        const name = `${table.schemaId}.${id(names.next('statistics'))}`
        return [
          { as: table.owner, text: `create statistics ${name} on ${one.id}, ${two.id} from ${table.id}` },
          { as: superuser, text: `alter statistics ${name} owner to ${id(roles.owner)}` },
        ]
      }),
  },
  {
    name: 'default privileges',
    of: ({ roles, schemas }) => [
      { as: roles.owner, text: `alter default privileges grant select, insert on tables to ${id(roles.reader)}` },
      {
        as: roles.owner,
        text: `alter default privileges in schema ${id(schemas[2] ?? '')} grant usage on sequences to public`,
      },
      { as: roles.second, text: `alter default privileges revoke update on tables from ${id(roles.second)}` },
    ],
  },
  views,
]
