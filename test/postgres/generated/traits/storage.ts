import type { Trait } from '../traits.ts'

/** Rows that came and went, columns that were dropped, and how the rest is stored. */
export const storage: readonly Trait[] = [
  {
    name: 'column dropped',
    of: (t) => {
      const name = t.name('gone')
      return [
        `alter table ${t.id} add column ${name} text default 'x' not null`,
        `alter table ${t.id} drop column ${name}`,
      ]
    },
  },
  {
    name: 'column added later',
    // Rows that are there keep the default in the catalogue alone.
    of: (t) => [
      `alter table ${t.id} add column ${t.name('later')} text default ${t.random('later').pick(["'é\\N'", "repeat('z', 90)", 'null'])}`,
    ],
  },
  {
    name: 'rows deleted',
    of: (t) => [`delete from ${t.id} where ctid in (select ctid from ${t.id} limit ${Math.floor(t.rows / 3)})`],
  },
  {
    name: 'rows rewritten',
    of: (t) => {
      const [column] = t.columns
      return column
        ? [
            `update ${t.id} set ${column.id} = ${column.id} where ctid in (select ctid from ${t.id} limit ${Math.ceil(t.rows / 2)})`,
          ]
        : []
    },
  },
  {
    name: 'generated columns',
    of: (t) => {
      const r = t.random('generated')
      const kinds = t.world.server.version >= 180_000 ? ['stored', 'virtual'] : ['stored']
      const sources = t.columns.filter(
        ({ type }) => type.type === 'text' || type.type === 'integer' || type.type === 'public.vector(3)',
      )
      return sources.slice(0, 2).map(({ id, type }) => {
        const expression =
          type.type === 'text'
            ? `length(${id})`
            : type.type === 'integer'
              ? `${id} * 2`
              : `public.vector_norm(${id})::numeric(20, 3)`
        const result = type.type === 'public.vector(3)' ? 'numeric(20, 3)' : 'integer'
        return `alter table ${t.id} add column ${t.name('generated')} ${result} generated always as (${expression}) ${result === 'integer' ? r.pick(kinds) : 'stored'}`
      })
    },
  },
  {
    name: 'column settings',
    of: (t) => {
      const r = t.random('settings')
      return t.columns.flatMap(({ id, type }) => {
        const alter = `alter table ${t.id} alter column ${id}`
        return [
          ...(type.can.includes('wide') && r.chance(0.5)
            ? [`${alter} set storage ${r.pick(['external', 'extended', 'main', 'plain'])}`]
            : []),
          ...(r.chance(0.4) ? [`${alter} set statistics ${r.pick([0, 1, 321, 10_000])}`] : []),
          ...(r.chance(0.3)
            ? [`${alter} set (n_distinct = ${r.pick(['-0.25', '42'])}, n_distinct_inherited = 7)`]
            : []),
        ]
      })
    },
  },
  {
    name: 'table options',
    of: (t) => {
      const r = t.random('options')
      const options = [
        'fillfactor = 77',
        'autovacuum_enabled = off',
        'autovacuum_vacuum_scale_factor = 0.05',
        'parallel_workers = 2',
        'user_catalog_table = true',
        'toast.autovacuum_enabled = false',
        'toast.vacuum_truncate = off',
        'toast_tuple_target = 4000',
        'log_autovacuum_min_duration = 7',
      ]
      return [
        `alter table ${t.id} set (${r
          .shuffled(options)
          .slice(0, 1 + r.below(4))
          .join(', ')})`,
      ]
    },
  },
  {
    name: 'sequence moved on',
    of: (t) => {
      const r = t.random('sequence')
      if (!t.key || !t.hasSequence) return []
      const sequence = t.sequence
      return [
        ...Array.from({ length: 1 + r.below(3) }, () => `select nextval(${sequence})`),
        ...(r.chance(0.3) ? [`select setval(${sequence}, currval(${sequence}), false)`] : []),
        ...(t.world.server.version >= 150_000 && r.chance(0.2)
          ? [
              `do $d$ begin execute format('alter sequence %s set ${t.has('unlogged') ? 'logged' : 'unlogged'}', ${sequence}::regclass); end $d$`,
            ]
          : []),
      ]
    },
  },
]
