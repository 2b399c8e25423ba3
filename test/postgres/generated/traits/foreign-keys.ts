import { quoteIdentifier } from '#core/sql/tag.ts'
import type { GeneratedTable, Statement } from '../table.ts'
import type { Trait } from '../traits.ts'
import { as } from './as.ts'

const keyed = (t: GeneratedTable): GeneratedTable[] => t.world.tables.filter((other) => other.keyed)

/** A new column of `t` that refers to the key of `target`. */
function refer(t: GeneratedTable, target: GeneratedTable, purpose: string): (string | Statement)[] {
  const { key } = target
  // What is there for good may not refer to what a crash empties.
  if (!key || (target.has('unlogged') && !t.has('unlogged'))) return []
  const r = t.random(`${purpose} ${target.id}`)
  const column = t.name('ref')
  const kind = key.type.type === 'uuid' ? 'uuid' : r.pick(['bigint', 'integer'])
  const fill = kind === 'integer' && key.type.type === 'bigint' ? `${key.id}::integer` : key.id
  const action = r.pick([
    '',
    '',
    ' on delete cascade',
    ' on delete set null',
    ' on update cascade on delete restrict',
    ` on delete set null (${column})`,
    ' on delete set default',
    ' match full',
  ])
  const enforced = t.world.server.version >= 180_000 ? [' not enforced'] : []
  const later = r.pick(['', '', ' deferrable', ' deferrable initially deferred', ' not valid', ...enforced])
  return [
    ...(target.owner === t.owner
      ? []
      : [as(target.owner, `grant references (${key.id}), select on ${target.id} to ${quoteIdentifier(t.owner)}`)]),
    `alter table ${t.id} add column ${column} ${kind}`,
    as(
      t.world.superuser,
      `update ${t.id} set ${column} = (select ${fill} from ${target.id} order by ${key.id} limit 1) where ctid in (select ctid from ${t.id} limit 30)`,
    ),
    // Rows that refer to nothing: a key that is not valid may have them.
    ...(later === ' not valid' && kind !== 'uuid'
      ? [`update ${t.id} set ${column} = 2147483647 where ctid in (select ctid from ${t.id} limit 1)`]
      : []),
    `alter table ${t.id} add ${r.chance(0.7) ? `constraint ${t.name('fkey')} ` : ''}foreign key (${column}) references ${target.id} (${key.id})${action}${later}`,
  ]
}

/** Within a table, across tables and schemas, in circles, and to and from tables that stay. */
export const foreignKeys: readonly Trait[] = [
  { name: 'refers to itself', of: (t) => (t.keyed ? refer(t, t, 'self') : []) },
  {
    name: 'refers to another table',
    of: (t) => {
      const target = t.random('target').maybe(keyed(t), 1)
      return target ? refer(t, target, 'other') : []
    },
  },
  {
    name: 'circle with another table',
    of: (t) => {
      const target = t.random('circle').maybe(keyed(t), 1)
      if (!target || !t.keyed) return []
      return [
        ...refer(t, target, 'there'),
        ...refer(target, t, 'back').map((each) => (typeof each === 'string' ? as(target.owner, each) : each)),
      ]
    },
  },
  {
    name: 'refers to a table that stays',
    of: (t) => {
      const column = t.name('stays')
      return [
        `alter table ${t.id} add column ${column} bigint default 3`,
        `alter table ${t.id} add foreign key (${column}) references ${t.world.outside.parent}${t.random('stays').pick(['', ' on delete cascade', ' not valid'])}`,
      ]
    },
  },
  {
    name: 'referred to by a table that stays',
    of: (t) => {
      const { key, world } = t
      if (!key || !t.keyed || t.has('unlogged')) return []
      const child = `${quoteIdentifier(world.schemas[2] ?? 'public')}.${t.name('child')}`
      const r = t.random('child')
      return [
        `create table ${child} (parent ${key.type.type} constraint ${t.name('fkey')} references ${t.id} ${r.pick(['', 'on delete set null', 'deferrable'])})`,
        as(world.superuser, `insert into ${child} select ${key.id} from ${t.id}`),
      ]
    },
  },
]
