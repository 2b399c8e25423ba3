import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import type { PlanName, RetirementId, Table } from '#core/names.ts'
import { bootstrapStatements } from '#core/retire/bootstrap.ts'
import { RETIRED_ROLE } from '#core/retire/names.ts'
import { createDatabase, postgresBin, type TestDatabase } from '#test/support/database.ts'

const ODD = 'Odd "Schema"; é'
export const docs: Table = { schema: 'public', name: 'docs' }
export const chunks: Table = { schema: ODD, name: 'Chunks; "é" ü' }
export const queue: Table = { schema: 'public', name: 'queue' }
export const tables = [docs, chunks, queue]

export const plan = 'pgvector-search' as PlanName
export const retirement = (name: string): RetirementId => name as RetirementId

export interface OddDatabase extends TestDatabase {
  /** The application: owns the tables. */
  readonly app: string
  /** The role of the product, as the bootstrap SQL made it, run by the master user. */
  readonly product: string
}

/** The schema of `ddl-roundtrip-schema.sql`, owned by an application's role, and the product's role. */
export async function createOddDatabase(): Promise<OddDatabase> {
  const db = await createDatabase()
  const [app, product, reader, writer, analyst] = ['app', 'product', 'reader', 'writer', 'analyst'].map(db.role)
  if (!app || !product || !reader || !writer || !analyst) throw new Error('five roles')
  const file = await readFile(new URL('./ddl-roundtrip-schema.sql', import.meta.url), 'utf8')
  const schema = file.replaceAll(':reader', reader).replaceAll(':writer', writer).replaceAll(':analyst', analyst)
  await run(db.url, [
    `create role ${app} login; create role ${product} login; create role ${reader}; create role ${writer}; create role ${analyst}`,
    `grant ${writer}, ${analyst} to ${app}; grant create on database ${db.name} to ${app}; grant create on schema public to ${app}`,
  ])
  await run(db.urlOf(app), ['set client_min_messages = error', schema])
  await bootstrap(db, product, { owners: [app], grantors: [writer, analyst] })
  return { ...db, app, product }
}

/** As an operator would: the statements, run by the master user. */
export async function bootstrap(
  db: TestDatabase,
  role: string,
  roles: { owners: string[]; grantors: string[] },
): Promise<void> {
  const [row] = await query<{ version: number }>(db.url, `select current_setting('server_version_num')::int as version`)
  const serverVersion = row?.version ?? 0
  const statements = bootstrapStatements(role, { roles, serverVersion, runBy: db.master })
  await run(
    db.url,
    statements.map(({ text }) => text),
  )
}

export const query = async <R extends Record<string, unknown>>(url: string, text: string): Promise<R[]> => {
  const client = new Client(url)
  await client.connect()
  try {
    return (await client.query<R>(text)).rows
  } finally {
    await client.end()
  }
}

export const run = async (url: string, texts: readonly string[]): Promise<void> => {
  const client = new Client(url)
  await client.connect()
  try {
    for (const text of texts) await client.query(text)
  } finally {
    await client.end()
  }
}

/** What `pg_dump` says, without the random key of every dump. */
export async function dump(db: TestDatabase, ...options: string[]): Promise<string> {
  const command = postgresBin === null ? 'pg_dump' : join(postgresBin, 'pg_dump')
  const { stdout } = await promisify(execFile)(command, [...options, db.superuserUrl], {
    maxBuffer: 256 * 1024 * 1024,
  })
  return stdout.replaceAll(/^\\(un)?restrict .*$/gm, '')
}

/** The schema of what is not the product's own. */
export const dumpSchema = (db: TestDatabase): Promise<string> =>
  dump(db, '--schema-only', `--exclude-schema=${RETIRED_ROLE}`)
