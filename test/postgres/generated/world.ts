import type { Table } from '#core/names.ts'
import { quoteIdentifier as id } from '#core/sql/tag.ts'
import { Names } from './names.ts'
import type { GeneratedTable, Statement } from './table.ts'
import { type ColumnType, columnTypes, type UserTypes } from './types.ts'

export interface Roles {
  /** Owns most of the tables. */
  readonly owner: string
  readonly second: string
  readonly reader: string
  readonly writer: string
  readonly analyst: string
}

/** What the server can do. */
export interface Server {
  /** `server_version_num`. */
  readonly version: number
  readonly lz4: boolean
  readonly icu: boolean
}

/** What the tables of a database have in common. */
export interface World {
  readonly seed: number
  readonly server: Server
  readonly names: Names
  /** Who can do what nobody else may: fill tables of two owners. */
  readonly superuser: string
  readonly own: UserTypes
  readonly roles: Roles
  readonly schemas: readonly string[]
  readonly types: readonly ColumnType[]
  readonly compressions: readonly string[]
  /** Qualified, as all that follow. */
  readonly collation: string
  readonly trigger: string
  readonly pure: string
  /** Stay in their places when the tables go. */
  readonly outside: { readonly parent: string; readonly log: string }
  readonly tables: GeneratedTable[]
  /** Of the plan, too: roots of trees. */
  readonly roots: Table[]
}

/** @param rolePrefix what the names of roles start with; they belong to the server */
export const makeWorld = (seed: number, server: Server, superuser: string, rolePrefix: string): World => {
  const names = new Names(seed)
  const role = () => names.role(rolePrefix)
  const roles = { owner: role(), second: role(), reader: role(), writer: role(), analyst: role() }
  const schemas = ['public', names.next('schema'), names.next('schema')]
  const inTypes = (kind: string) => `${id(schemas[1] ?? '')}.${id(names.next(kind))}`
  const own: UserTypes = {
    mood: inTypes('mood'),
    pair: inTypes('pair'),
    tagged: inTypes('tagged'),
    code: inTypes('code'),
    embedding: inTypes('embedding'),
    numbers: inTypes('numbers'),
    priceRange: inTypes('range'),
  }
  return {
    seed,
    server,
    names,
    superuser,
    own,
    roles,
    schemas,
    types: columnTypes(own),
    compressions: server.lz4 ? ['pglz', 'lz4'] : ['pglz'],
    collation: inTypes('collation'),
    trigger: inTypes('trigger'),
    pure: inTypes('pure'),
    outside: { parent: inTypes('parent'), log: inTypes('log') },
    tables: [],
    roots: [],
  }
}

/** Schemas, types and functions: the application's own, and no table of the plan. */
export const worldStatements = (world: World): Statement[] => {
  const { roles, schemas, own } = world
  const everybody = Object.values(roles).map(id).join(', ')
  const texts = [
    ...schemas.slice(1).map((schema) => `grant usage, create on schema ${id(schema)} to ${everybody}`),
    `create type ${own.mood} as enum ('sad', 'it''s "fine"', E'tab\\there')`,
    `create type ${own.pair} as (x integer, ${id('the "mood"')} ${own.mood})`,
    `create type ${own.tagged} as (tag text, embedding public.vector(2), inner_pair ${own.pair})`,
    `create domain ${own.code} as varchar(20) collate "C" check (value <> 'forbidden')`,
    `create domain ${own.embedding} as public.vector(3) check (public.vector_dims(value) = 3)`,
    `create domain ${own.numbers} as integer[] check (cardinality(value) < 1000)`,
    `create type ${own.priceRange} as range (subtype = numeric)`,
    `create collation ${world.collation} ${world.server.icu ? "(provider = icu, locale = 'de')" : 'from "C"'}`,
    `create function ${world.trigger}() returns trigger language plpgsql as $f$ begin return coalesce(new, old); end $f$`,
    `create function ${world.pure}(text) returns text language sql immutable as $f$ select $1 || '!' $f$`,
    `create table ${world.outside.parent} (id bigint primary key, note text)`,
    `insert into ${world.outside.parent} select n, 'parent ' || n from generate_series(1, 20) n`,
    `create table ${world.outside.log} (at timestamptz default now(), what text)`,
    `grant references, select on ${world.outside.parent} to ${id(roles.second)}`,
  ]
  return [
    // Whoever owns tables need not be able to create a schema.
    ...schemas.slice(1).map((schema) => ({
      as: world.superuser,
      text: `create schema ${id(schema)} authorization ${id(roles.owner)}`,
    })),
    ...texts.map((text) => ({ as: roles.owner, text })),
  ]
}
