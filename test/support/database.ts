import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { describe, inject } from 'vitest'
import { quoteIdentifier as id } from '#core/sql/tag.ts'
import type { StarterAnswer } from '#test/support/global-setup.ts'
import { WITH_VECTOR } from '#test/support/postgres.ts'

const answer = (await (await fetch(inject('postgresStarter'))).json()) as StarterAnswer
if ('missing' in answer && process.env.CI === 'true') throw new Error(`CI leaves nothing out. ${answer.missing}`)
const server = 'url' in answer ? answer : null

/** Directory of `pg_dump` and `psql` that fit the server; `null` where only those on the PATH are known. */
export const postgresBin: string | null = server?.bin ?? null

/** 15 and up: of the server, or of the one that is missing. */
export const postgresMajor = Number(answer.major)

/** `describe` for what needs a real server; skipped, with the reason in the title, where there is none. */
export const describePostgres = (title: string, tests: () => void): void => {
  if (server) describe(title, tests)
  else describe.skip(`${title} (left out: no PostgreSQL ${answer.major} server)`, tests)
}

export interface TestDatabase {
  readonly name: string
  /** As the master user: NOSUPERUSER CREATEROLE CREATEDB, owner of the database, member of `rds_superuser`. */
  readonly url: string
  readonly superuserUrl: string
  /** Name of the master user. */
  readonly master: string
  /** URL of another user of this database (trust authentication: no password). */
  urlOf(user: string): string
  /** A role name of this database alone: roles belong to the server. `drop` drops the roles named by it. */
  role(suffix: string): string
  drop(): Promise<void>
}

/**
 * A throwaway database with pgvector in `public`, created by the superuser as RDS does it for its master user.
 * `template`: a copy of that database with the same master; nobody may be connected to it.
 */
export async function createDatabase(
  options: { template?: TestDatabase; extension?: boolean } = {},
): Promise<TestDatabase> {
  const { template, extension = true } = options
  const name = `t_${randomBytes(6).toString('hex')}`
  const master = template?.master ?? `${name}_master`
  await onServer(async (admin) => {
    if (!template) {
      await admin.query(`create role ${id(master)} login createrole createdb in role rds_superuser`)
    }
    const from = template?.name ?? (extension ? WITH_VECTOR : 'template1')
    // Half the time of the other strategy, which writes everything to the log.
    await admin.query(`create database ${id(name)} owner ${id(master)} template ${id(from)} strategy file_copy`)
  })
  return {
    name,
    master,
    url: urlFor(name, master),
    superuserUrl: urlFor(name),
    urlOf: (user) => urlFor(name, user),
    role: (suffix) => `${name}_${suffix}`,
    drop: () => onServer((admin) => drop(admin, name)),
  }
}

async function drop(admin: Client, name: string): Promise<void> {
  const prepared = await admin.query<{ gid: string }>('select gid from pg_prepared_xacts where database = $1', [name])
  for (const { gid } of prepared.rows) {
    await onServer((client) => client.query(`rollback prepared '${gid.replaceAll("'", "''")}'`), name)
  }
  const slots =
    'select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = $1 and not active'
  await admin.query(slots, [name])
  await admin.query(`drop database if exists ${id(name)} with (force)`)
  // Granted by one another, they are given up together.
  const roles = await admin.query<{ name: string }>(
    'select rolname as name from pg_roles where starts_with(rolname, $1)',
    [`${name}_`],
  )
  if (roles.rows.length === 0) return
  const list = roles.rows.map((role) => id(role.name)).join(', ')
  await admin.query(`drop owned by ${list}`)
  await admin.query(`drop role ${list}`)
}

async function onServer<T>(work: (admin: Client) => Promise<T>, database?: string): Promise<T> {
  const client = new Client(urlFor(database))
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

function urlFor(database?: string, user?: string): string {
  if (!server) throw new Error('there is no PostgreSQL server: wrap the tests in describePostgres')
  const url = new URL(server.url)
  if (database) url.pathname = `/${database}`
  if (user) {
    url.username = encodeURIComponent(user)
    url.password = ''
  }
  return url.href
}
