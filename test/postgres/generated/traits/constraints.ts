import { condition } from '../conditions.ts'
import type { GeneratedTable } from '../table.ts'
import type { Trait } from '../traits.ts'

const later = (t: GeneratedTable, purpose: string): string =>
  t.random(purpose).pick(['', '', ' deferrable', ' deferrable initially deferred'])
/** A constraint without a name gets one from PostgreSQL. */
const called = (t: GeneratedTable, purpose: string): string =>
  t.random(`${purpose} name`).chance(0.7) ? `constraint ${t.name('constraint')} ` : ''

/** Primary keys, unique, check and exclusion constraints. */
export const constraints: readonly Trait[] = [
  {
    name: 'primary key',
    of: (t) => {
      if (!t.key) return []
      const r = t.random('primary key')
      const deferrable = r.pick(['', '', ' deferrable'])
      // No foreign key may refer to what is checked later.
      t.keyed = deferrable === ''
      const include = r.maybe(t.columns, 0.2)
      return [
        `alter table ${t.id} add ${called(t, 'primary')}primary key (${t.key.id})${include ? ` include (${include.id})` : ''}${r.chance(0.3) ? ' with (fillfactor = 71)' : ''}${deferrable}`,
      ]
    },
  },
  {
    name: 'unique',
    of: (t) => {
      if (!t.key) return []
      const r = t.random('unique')
      const other = r.maybe(t.columns.filter(({ type }) => type.can.includes('order')))
      return [
        `alter table ${t.id} add ${called(t, 'unique')}unique ${r.pick(['', 'nulls not distinct '])}(${t.key.id}${other ? `, ${other.id}` : ''})${later(t, 'unique')}`,
      ]
    },
  },
  {
    name: 'checks',
    of: (t) => {
      const r = t.random('checks')
      const columns = r.shuffled(t.columns).slice(0, 3)
      const enforced = t.world.server.version >= 180_000 ? [' not enforced'] : []
      return [
        `alter table ${t.id} add ${called(t, 'condition')}check (${condition(t, r)} or true)`,
        ...columns.map(
          ({ id }) =>
            `alter table ${t.id} add ${called(t, `check ${id}`)}check (${id} is null or ${id}::text <> 'never; it''s "x"')${r.pick(['', ' no inherit', ' not valid', ...enforced])}`,
        ),
      ]
    },
  },
  {
    name: 'exclusion',
    of: (t) => {
      const range = t.columns.find(({ type }) => type.type === 'int4range')
      if (range)
        return [
          `alter table ${t.id} add ${called(t, 'exclude')}exclude using gist (${range.id} with -|-) where (false)${later(t, 'exclude')}`,
        ]
      if (!t.key) return []
      return [
        `alter table ${t.id} add ${called(t, 'exclude')}exclude using btree (${t.key.id} with =, (${t.key.id}::text) collate "C" with =)${later(t, 'exclude')}`,
      ]
    },
  },
]

/** What rows that are there need not keep to, and rows that are changed must. */
export const lateConstraints: readonly Trait[] = [
  {
    name: 'not null by itself',
    of: (t) => {
      const [column] = t.random('not null').shuffled(t.columns.filter((each) => !t.isNotNull(each)))
      if (t.world.server.version < 180_000 || !column) return []
      return [`alter table ${t.id} add constraint ${t.name('nn')} not null ${column.id} not valid`]
    },
  },
]
