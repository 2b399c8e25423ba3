import { Client } from 'pg'
import { postgres } from '#aws/postgres.ts'
import type { Table } from '#core/names.ts'
import type { Database } from '#core/ports.ts'
import { missingForRestore } from '#core/restore/bootstrap.ts'
import { bootstrapStatements } from '#core/retire/bootstrap.ts'
import { RETIRED_ROLE } from '#core/retire/names.ts'
import { readRoles } from '#core/retire/roles.ts'
import { quoteIdentifier as id } from '#core/sql/tag.ts'
import { createDatabase, type TestDatabase } from '#test/support/database.ts'
import { dumpSchema } from '../ddl-roundtrip-schema.ts'
import { scriptOf } from './script.ts'
import type { Statement } from './table.ts'
import type { Server } from './world.ts'

/** Who retires, snapshots, purges and restores. */
export type Actor = 'the role of the bootstrap' | 'the master user'

export interface RoundTripDatabase {
  readonly schema: Application
  /** As the actor. */
  readonly database: Database
  /** `pg_dump --schema-only`, the rows of all tables as text, and where the sequences stand. */
  look(): Promise<Look>
  drop(): Promise<void>
}

export type Look = Readonly<Record<string, readonly string[]>>

/** What an application has in a database. */
export interface Application {
  /** Of the plan, in the order of their creation. */
  readonly tables: readonly Table[]
  readonly roles: readonly string[]
  /** Those of the roles that may create in `public`. */
  readonly owners: readonly string[]
  readonly statements: readonly Statement[]
}

/** What it has to know beforehand: roles belong to the server, hence the prefix of their names. */
export interface Where {
  readonly server: Server
  readonly superuser: string
  readonly rolePrefix: string
}

/** A database with the application in it, and the roles made by a master user without SUPERUSER. */
export async function createApplication(make: (where: Where) => Application, actor: Actor): Promise<RoundTripDatabase> {
  const db = await createDatabase()
  const superuser = new Client(db.superuserUrl)
  await superuser.connect()
  const drop = async () => {
    await superuser.end()
    await db.drop()
  }
  try {
    const schema = make({
      server: await readServer(superuser),
      superuser: (await superuser.query<{ me: string }>('select current_user as me')).rows[0]?.me ?? '',
      rolePrefix: db.role(''),
    })
    await createRoles(db, schema)
    await runAll(superuser, schema.statements)
    const user = actor === 'the master user' ? db.master : await bootstrapped(db, schema)
    return {
      schema,
      database: postgres({ url: db.urlOf(user) }),
      look: async () => ({ pg_dump: (await dumpSchema(db)).split('\n'), ...(await readRows(superuser)) }),
      drop,
    }
  } catch (error) {
    await drop()
    throw error
  }
}

/** What the generator asks a server. */
export const SERVER = `
  select current_setting('server_version_num')::int as version,
    (select 'lz4' = any(enumvals) from pg_settings where name = 'default_toast_compression') as lz4,
    exists (select from pg_collation where collprovider = 'i') as icu`

async function readServer(client: Client): Promise<Server> {
  const { rows } = await client.query<Server>(SERVER)
  if (!rows[0]) throw new TypeError('a server has a version')
  return rows[0]
}

async function createRoles(db: TestDatabase, { roles, owners }: Application): Promise<void> {
  await asMaster(db, [
    ...roles.map((role) => `create role ${id(role)}`),
    ...owners.map((owner) => `grant create on schema public to ${id(owner)}`),
  ])
}

/** Each statement by itself, so that a mistake of the generator names the one. */
async function runAll(client: Client, statements: readonly Statement[]): Promise<void> {
  await client.query('set client_min_messages = error; set check_function_bodies = off')
  let role: string | null = null
  for (const statement of statements) {
    try {
      if (statement.as !== role) await client.query(`set role ${id(statement.as)}`)
      role = statement.as
      await client.query(statement.text)
    } catch (error) {
      throw new Error(`The generated statement failed: ${String(error)}\n${scriptOf([statement])}`, { cause: error })
    }
  }
  await client.query('reset role')
}

/** As an operator would: what the bootstrap prints, run by the master user. */
async function bootstrapped(db: TestDatabase, { tables }: Application): Promise<string> {
  const operator = db.role('operator')
  await asMaster(db, [`create role ${id(operator)} login`])
  const texts = await postgres({ url: db.url }).session({ applicationName: 'bootstrap' }, async (session) => {
    const { rows } = await session.query<{ version: number }>({
      text: `select current_setting('server_version_num')::int as version`,
      values: [],
    })
    const serverVersion = rows[0]?.version ?? 0
    await mayGrantRetiredRole(db, serverVersion)
    const roles = await readRoles(session, tables)
    return [
      ...bootstrapStatements(operator, { roles, serverVersion, runBy: db.master }),
      ...(await missingForRestore(session, operator)),
    ].map(({ text }) => text)
  })
  await asMaster(db, texts)
  return operator
}

/** One server, many masters: from PostgreSQL 16 on, only the creator of a role may grant it. */
async function mayGrantRetiredRole(db: TestDatabase, serverVersion: number): Promise<void> {
  if (serverVersion < 160_000) return
  await run(db.superuserUrl, [
    `do $$ begin create role ${RETIRED_ROLE}; exception when duplicate_object or unique_violation then null; end $$`,
    `grant ${RETIRED_ROLE} to ${db.master} with admin option`,
  ])
}

const asMaster = (db: TestDatabase, texts: readonly string[]) => run(db.url, texts)

async function run(url: string, texts: readonly string[]): Promise<void> {
  const client = new Client(url)
  await client.connect()
  try {
    for (const text of texts) await client.query(text)
  } finally {
    await client.end()
  }
}

/** Everything that is not ours, those that stay included. */
async function readRows(client: Client): Promise<Look> {
  const { rows: relations } = await client.query<{ name: string; kind: 'r' | 'S' | 'm' }>(`
    select format('%I.%I', n.nspname, c.relname) as name, c.relkind as kind
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'S', 'm') and n.nspname !~ '^(pg_|information_schema|vector_rollback_)' order by 1`)
  const looks: Record<string, readonly string[]> = {}
  for (const { name, kind } of relations) {
    const columns = kind === 'S' ? '(last_value, is_called)' : 't'
    const { rows } = await client.query<{ row: string }>(
      `select ${columns}::text as row from ${kind === 'm' ? '' : 'only '}${name} t order by 1`,
    )
    looks[name] = rows.map(({ row }) => row)
  }
  return looks
}
