import { quoteLiteral as literal } from '#core/sql/tag.ts'
import { condition } from '../conditions.ts'
import type { GeneratedTable } from '../table.ts'
import type { Trait } from '../traits.ts'

const create = (t: GeneratedTable, rest: string, kind = ''): string =>
  `create ${kind}index ${t.name('index')} on ${t.id} ${rest}`

/** Indexes of every method. */
export const indexes: readonly Trait[] = [
  {
    name: 'vector indexes',
    of: (t) => {
      const r = t.random('vector')
      return t.columns.flatMap(({ id, type }) => [
        ...(type.hnsw && r.chance(0.7)
          ? [
              create(
                t,
                `using hnsw (${id} public.${r.pick(type.hnsw).replace(/^public\./, '')})${r.pick(['', ' with (m = 8, ef_construction = 40)'])}${r.pick(['', '', ` where ${id} is not null`])}`,
              ),
            ]
          : []),
        ...(type.ivfflat && r.chance(0.5)
          ? [create(t, `using ivfflat (${id} public.${r.pick(type.ivfflat)})${r.pick(['', ' with (lists = 3)'])}`)]
          : []),
      ])
    },
  },
  {
    name: 'vector expression indexes',
    of: (t) =>
      t.columns
        .filter(({ type }) => type.type === 'public.vector(3)')
        .slice(0, 1)
        .flatMap(({ id }) => [
          create(t, `using hnsw ((public.binary_quantize(${id})::bit(3)) public.bit_hamming_ops)`),
          create(t, `using hnsw ((${id}::public.halfvec(3)) public.halfvec_l2_ops) with (m = 4)`),
        ]),
  },
  {
    name: 'ordered indexes',
    of: (t) => {
      const r = t.random('btree')
      const columns = r.shuffled(t.able('order')).slice(0, 4)
      const include = r.maybe(t.columns, 0.4)
      const list = columns.map(
        ({ id, type }) =>
          `${id}${type.can.includes('text') ? r.pick(['', ' collate "C"']) : ''}${r.pick(['', ' desc', ' desc nulls last', ' nulls first'])}`,
      )
      if (list.length === 0) return []
      return [
        create(
          t,
          `(${list.join(', ')})${include ? ` include (${include.id})` : ''}${r.pick(['', ' with (fillfactor = 66, deduplicate_items = off)'])}${r.pick(['', ` where ${columns[0]?.id} is not null`, ` where ${condition(t, r)}`])}`,
        ),
      ]
    },
  },
  {
    name: 'expression indexes',
    of: (t) => {
      const r = t.random('expression')
      const text = t.columns.find(({ type }) => type.can.includes('text'))
      if (!text) return []
      const name = t.name('index')
      const schema = t.schemaId
      return [
        `create index ${name} on ${t.id} (lower(${text.id}) text_pattern_ops, ${t.world.pure}(${text.id}), (${text.id} || 'é; "x"') desc)`,
        ...(r.chance(0.6) ? [`alter index ${schema}.${name} alter column 2 set statistics 77`] : []),
        create(t, `((${condition(t, r)}))`),
      ]
    },
  },
  {
    name: 'hash indexes',
    of: (t) =>
      t
        .able('hash')
        .slice(0, 1)
        .map(({ id }) => create(t, `using hash (${id})`)),
  },
  {
    name: 'gin indexes',
    of: (t) =>
      t
        .able('gin')
        .slice(0, 2)
        .map(({ id, type }) =>
          create(t, `using gin (${id}${type.type === 'jsonb' ? ' jsonb_path_ops' : ''}) with (fastupdate = off)`),
        ),
  },
  {
    name: 'gist indexes',
    of: (t) =>
      t
        .able('gist')
        .slice(0, 2)
        .map(({ id, type }) =>
          create(
            t,
            `using gist (${id}${type.type === 'inet' ? ' inet_ops' : ''})${t.random('gist').pick(['', ' with (buffering = on)'])}`,
          ),
        ),
  },
  {
    name: 'brin indexes',
    of: (t) =>
      t
        .able('brin')
        .slice(0, 1)
        .map(({ id }) => create(t, `using brin (${id}) with (pages_per_range = 4, autosummarize = on)`)),
  },
  {
    name: 'operator classes with options',
    of: (t) => [
      ...t.columns
        .filter(({ type }) => type.type === 'tsvector')
        .slice(0, 1)
        .map(({ id }) => create(t, `using gist (${id} tsvector_ops (siglen = 100))`)),
      ...t.columns
        .filter(({ type }) => ['integer', 'uuid', 'date'].includes(type.type))
        .slice(0, 2)
        .map(({ id, type }) =>
          create(
            t,
            `using brin (${id} ${type.type === 'integer' ? 'int4' : type.type}_minmax_multi_ops (values_per_range = 16))`,
          ),
        ),
    ],
  },
  {
    name: 'identity by the primary key',
    of: (t) => {
      const r = t.random('primary identity')
      const byKey = (what: string) => `do $d$ declare name text; begin
        select c.relname into name from pg_index i join pg_class c on c.oid = i.indexrelid
         where i.indrelid = ${literal(t.id)}::regclass and i.indisprimary and i.indimmediate;
        if name is not null then execute format('alter table %s ${what} %I', ${literal(t.id)}, name); end if; end $d$`
      return [
        ...(r.chance(0.6) ? [byKey('replica identity using index')] : []),
        ...(r.chance(0.6) ? [byKey('cluster on')] : []),
      ]
    },
  },
  {
    name: 'unique index',
    of: (t) =>
      t.key
        ? [
            create(
              t,
              `(${t.key.id}, (${t.key.id}::text))${t.random('unique index').pick(['', ' nulls not distinct'])}`,
              'unique ',
            ),
          ]
        : [],
  },
  {
    name: 'order and identity',
    of: (t) => {
      const r = t.random('identity')
      const name = t.name('index')
      if (!t.key) return [`alter table ${t.id} replica identity ${r.pick(['full', 'nothing'])}`]
      return [
        `alter table ${t.id} alter column ${t.key.id} set not null`,
        `create unique index ${name} on ${t.id} (${t.key.id})`,
        ...(r.chance(0.5) ? [`alter table ${t.id} cluster on ${name}`] : []),
        `alter table ${t.id} replica identity ${r.pick([`using index ${name}`, 'full', 'nothing', 'default'])}`,
      ]
    },
  },
  {
    name: 'extended statistics',
    of: (t) => {
      const r = t.random('statistics')
      const [one, two] = r.shuffled(t.able('order'))
      if (!one || !two) return []
      const name = `${r.chance(0.5) ? t.schemaId : t.otherSchemaId}.${t.name('statistics')}`
      return [
        `create statistics ${name}${r.pick(['', ' (dependencies, ndistinct)', ' (mcv)'])} on ${one.id}, ${two.id}${r.pick(['', `, (${one.id}::text || 'é')`])} from ${t.id}`,
        ...(r.chance(0.5) ? [`alter statistics ${name} set statistics 55`] : []),
        ...(r.chance(0.5) ? [`comment on statistics ${name} is 'it''s'`] : []),
        `create statistics ${t.schemaId}.${t.name('expression')} on (${one.id}::text || 'x') from ${t.id}`,
        ...(r.chance(0.5) ? [`analyze ${t.id}`] : []),
      ]
    },
  },
]
