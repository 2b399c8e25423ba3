import type { Table } from '#core/names.ts'
import { quoteIdentifier as id, quoteLiteral as literal } from '#core/sql/tag.ts'
import { type Random, random } from './random.ts'
import { remark, type Statement } from './table.ts'
import type { Whole } from './wholes.ts'
import type { World } from './world.ts'

/** Bounds of two partitions and, where the method has one, the default. */
const METHODS = {
  list: [`for values in ('red', 'it''s')`, `for values in ('blue', null)`, 'default'],
  range: [`for values from (minvalue) to ('g')`, `for values from ('g') to ('s')`, 'default'],
  hash: ['for values with (modulus 2, remainder 0)', 'for values with (modulus 2, remainder 1)'],
} as const
const COLOURS = `(array['red', 'blue', 'it''s', 'green', 'yellow'])[1 + n % 5]`

/** A table of the plan that is not one of the ordinary ones. */
class Tree {
  readonly root: Table
  readonly #world: World
  readonly #random: Random

  constructor(world: World, kind: string) {
    this.#world = world
    this.#random = random(world.seed, kind)
    this.root = this.table()
    world.roots.push(this.root)
  }

  get random(): Random {
    return this.#random
  }

  table(): Table {
    return { schema: this.#random.pick(this.#world.schemas), name: this.#world.names.next('tree') }
  }

  name(kind: string): string {
    return id(this.#world.names.next(kind))
  }

  /** The owner runs all of them. */
  statements(texts: readonly string[]): Statement[] {
    return texts.map((text) => ({ as: this.#world.roles.owner, text }))
  }
}

const print = ({ schema, name }: Table): string => `${id(schema)}.${id(name)}`

/** What any table of a tree may have by itself. */
const settings = (tree: Tree, table: string, { roles }: World): string[] => {
  const r = tree.random
  return [
    `comment on table ${table} is ${remark(r)}`,
    `grant select${r.chance(0.5) ? ', insert' : ''} on ${table} to ${id(roles.reader)}`,
    `alter table ${table} enable row level security`,
    `create policy ${tree.name('policy')} on ${table} for select to ${id(roles.reader)} using (id > ${r.below(5)})`,
  ].filter(() => r.chance(0.4))
}

export const partitioned: Whole = {
  name: 'partitioned tables',
  of: (world) =>
    (['list', 'range', 'hash'] as const).flatMap((method) => {
      const tree = new Tree(world, method)
      const r = tree.random
      const root = print(tree.root)
      const parts = METHODS[method].map((bounds, i) => {
        const name = print(tree.table())
        const nested = i === 0 && r.chance(0.5)
        return {
          name,
          create: [
            `create table ${name} partition of ${root} ${bounds}${nested ? ' partition by range (id)' : ''}`,
            ...(nested
              ? [
                  `create table ${print(tree.table())} partition of ${name} for values from (minvalue) to (20)`,
                  `create table ${print(tree.table())} partition of ${name} default`,
                ]
              : []),
          ],
        }
      })
      const some = [
        [`alter table ${root} add primary key (id, colour)`, `alter table ${root} add unique (colour, id)`],
        [`create index ${tree.name('index')} on ${root} using hnsw (embedding public.vector_l2_ops)`],
        [`create index ${tree.name('index')} on ${root} (lower(note)) where id > 3`],
        [`create index on ${parts[1]?.name ?? root} (note)`],
        [`alter table ${root} add check (id <> ${r.below(9) - 20})`],
        [
          `alter table ${root} add constraint ${tree.name('fk')} foreign key (parent) references ${world.outside.parent}${r.pick(['', ' on delete cascade'])}`,
        ],
        [
          `create trigger ${tree.name('trigger')} after insert on ${root} for each row execute function ${world.trigger}()`,
        ],
        [`alter table ${parts.at(-1)?.name ?? root} alter column note set default 'of this part'`],
        [`alter table ${parts.at(-1)?.name ?? root} set (fillfactor = 61)`],
      ]
      return tree.statements([
        `create table ${root} (id bigint not null${r.pick(['', ' default 7'])}, colour text ${method === 'hash' ? 'not null' : ''}, note text, parent bigint, embedding public.vector(3)) partition by ${method} (colour)`,
        ...parts.flatMap(({ create }) => create),
        `insert into ${root} select n, ${COLOURS}, 'note ' || n, 1 + n % 9, format('[%s,1,2]', n)::public.vector from generate_series(1, 60) n`,
        ...some.filter(() => r.chance(0.6)).flat(),
        ...[root, ...parts.map(({ name }) => name)].flatMap((table) => settings(tree, table, world)),
      ])
    }),
}

export const inherited: Whole = {
  name: 'tables that inherit',
  of: (world) => {
    const tree = new Tree(world, 'inheritance')
    const r = tree.random
    const [root, heir, grandchild] = [tree.root, tree.table(), tree.table()].map(print)
    return tree.statements([
      `create table ${root} (id bigint, note text default ${literal('of "all"')}, embedding public.vector(3)${r.chance(0.5) ? ', check (id > 0)' : ''})`,
      `create table ${heir} (own text${r.pick(['', ', note text not null'])}) inherits (${root})`,
      `create table ${grandchild} (more integer[]) inherits (${heir})`,
      `insert into ${root} select n, 'a' || n, '[1,2,3]' from generate_series(1, 9) n`,
      `insert into ${heir} (id, note, own) select n, 'b' || n, 'own' from generate_series(1, 40) n`,
      `insert into ${grandchild} (id, note, more) select n, 'c' || n, array[n] from generate_series(1, 5) n`,
      ...[
        `create index ${tree.name('index')} on ${heir} (own)`,
        `alter table ${root} add check (id is distinct from -1) no inherit`,
        `alter table ${grandchild} alter column note set default 'mine'`,
      ].filter(() => r.chance(0.6)),
      ...[root, heir, grandchild].flatMap((table) => settings(tree, table ?? '', world)),
    ])
  },
}
