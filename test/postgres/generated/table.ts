import type { Table } from '#core/names.ts'
import { quoteIdentifier as id, quoteLiteral as literal } from '#core/sql/tag.ts'
import { type Random, random } from './random.ts'
import type { ColumnType } from './types.ts'
import type { World } from './world.ts'

export type KeyKind = (typeof KEYS)[number]
export const KEYS = [
  'none',
  'integer',
  'uuid',
  'serial',
  'bigserial',
  'identity always',
  'identity by default',
] as const

/** What is drawn for a table; the details follow from the seed. */
export interface TableShape {
  readonly seed: number
  readonly key: KeyKind
  /** Numbers of types. */
  readonly columns: readonly number[]
  readonly rows: number
  readonly traits: readonly string[]
}

export interface Column {
  readonly name: string
  /** Quoted. */
  readonly id: string
  readonly type: ColumnType
}

/** One SQL statement, and the role that runs it. */
export interface Statement {
  readonly as: string
  readonly text: string
}

/** A table in the making. */
export class GeneratedTable {
  readonly world: World
  readonly table: Table
  readonly owner: string
  /** Quoted and qualified. */
  readonly id: string
  readonly rows: number
  readonly columns: readonly Column[]
  readonly key: Column | null
  /** Whether the key has a primary key or a unique constraint: foreign keys may refer to it. */
  keyed = false
  readonly #shape: TableShape

  constructor(world: World, shape: TableShape) {
    this.world = world
    this.#shape = shape
    const r = this.random('table')
    this.owner = r.chance(0.75) ? world.roles.owner : world.roles.second
    this.table = { schema: r.pick(world.schemas), name: world.names.next('table') }
    this.id = `${id(this.table.schema)}.${id(this.table.name)}`
    this.rows = shape.rows
    this.columns = shape.columns.map((number) => {
      const type = world.types[number % world.types.length]
      if (!type) throw new TypeError('there are types')
      const name = world.names.next('column')
      return { name, id: id(name), type }
    })
    const keyName = r.chance(0.5) ? 'id' : world.names.next('key')
    const ordered = { type: shape.key === 'uuid' ? 'uuid' : 'bigint', value: '', can: ['order'] as const }
    this.key = shape.key === 'none' ? null : { name: keyName, id: id(keyName), type: ordered }
  }

  get schemaId(): string {
    return id(this.table.schema)
  }

  /** Another schema, quoted. */
  get otherSchemaId(): string {
    return id(this.world.schemas.find((schema) => schema !== this.table.schema) ?? 'public')
  }

  get hasSequence(): boolean {
    return this.#shape.key.includes('serial') || this.#shape.key.startsWith('identity')
  }

  /** An SQL expression for the name of the key's sequence. */
  get sequence(): string {
    return `pg_get_serial_sequence(${literal(this.id)}, ${literal(this.key?.name ?? '')})`
  }

  random(purpose: string): Random {
    return random(this.#shape.seed, purpose)
  }

  has(trait: string): boolean {
    return this.#shape.traits.includes(trait)
  }

  /** A new quoted name. */
  name(kind: string): string {
    return id(this.world.names.next(kind))
  }

  able(ability: ColumnType['can'][number]): Column[] {
    const own = this.columns.filter(({ type }) => type.can.includes(ability))
    return this.key && ability === 'order' ? [this.key, ...own] : own
  }

  /** CREATE TABLE and its rows. */
  create(): string[] {
    const r = this.random('create')
    const unlogged = this.has('unlogged') ? 'unlogged ' : ''
    const columns = [
      ...(this.key ? [`${this.key.id} ${this.#keyType(r)}`] : []),
      ...this.columns.map((c) => this.#column(c)),
    ]
    return [
      `create ${unlogged}table ${this.id} (${columns.join(', ')})`,
      ...(this.rows > 0 ? [this.insert(this.rows)] : []),
    ]
  }

  insert(rows: number): string {
    const withKey = this.#shape.key === 'integer' || this.#shape.key === 'uuid'
    const names = [...(withKey && this.key ? [this.key.id] : []), ...this.columns.map((column) => column.id)]
    if (names.length === 0)
      return Array.from({ length: Math.min(rows, 9) }, () => `insert into ${this.id} default values`).join('; ')
    const values = [
      ...(withKey ? [this.#shape.key === 'uuid' ? 'md5(n::text)::uuid' : 'n'] : []),
      ...this.columns.map((column, i) =>
        this.isNotNull(column) ? column.type.value : `case when (n + ${i}) % 7 <> 0 then ${column.type.value} end`,
      ),
    ]
    return `insert into ${this.id} (${names.join(', ')}) select ${values.join(', ')} from generate_series(1, ${rows}) n`
  }

  isNotNull(column: Column): boolean {
    return this.random(`not null ${column.name}`).chance(0.25)
  }

  #keyType(r: Random): string {
    const options = r.pick([
      '',
      'start with 10 increment by 5 cache 3',
      'start with -1 increment by -2 minvalue -9000000 maxvalue 0 cycle',
      'minvalue 0 start with 0 maxvalue 2147483647',
    ])
    const named = r.chance(0.5) ? `sequence name ${id(this.table.schema)}.${this.name('sequence')}` : ''
    switch (this.#shape.key) {
      case 'identity always':
      case 'identity by default':
        return `${r.pick(['bigint', 'bigint', 'integer'])} generated ${this.#shape.key.slice(9)} as identity${options || named ? ` (${named} ${options})` : ''}`
      case 'uuid':
        return `uuid ${r.chance(0.5) ? 'default gen_random_uuid()' : ''}`
      default:
        return this.#shape.key
    }
  }

  #column(column: Column): string {
    const r = this.random(`column ${column.name}`)
    const { type } = column
    const parts = [column.id, type.type]
    if (type.can.includes('wide') && r.chance(0.2)) parts.push(`compression ${r.pick(this.world.compressions)}`)
    if (type.can.includes('text') && r.chance(0.3))
      parts.push(`collate ${r.pick([this.world.collation, '"C"', 'pg_catalog."POSIX"'])}`)
    if (this.isNotNull(column)) parts.push(r.chance(0.3) ? `constraint ${this.name('nn')} not null` : 'not null')
    if (r.chance(0.3)) parts.push(`default (${type.value.replaceAll(/\bn\b/g, '3')})`)
    return parts.join(' ')
  }
}

/** A comment that somebody could get wrong. */
export const remark = (r: Random): string =>
  literal(r.pick(["it's", 'a "comment" \\ with é', 'two\nlines;', '-- none', '$$; drop', ' ', "E'\\'"]))
