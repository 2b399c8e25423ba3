import { once } from 'node:events'
import { createServer } from 'node:http'
import { Client } from 'pg'
import type { TestProject } from 'vitest/node'
import { RETIRED_ROLE } from '#core/retire/names.ts'
import { type PostgresServer, startPostgres, WITH_VECTOR } from '#test/support/postgres.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Answers with the test run's server as JSON; starts it when it is asked first. */
    postgresStarter: string
  }
}

/** What the starter answers: the server, or why there is none. `major`: its version, or the one that was asked for. */
export type StarterAnswer = { major: string } & ({ url: string; bin: string | null } | { missing: string })

/**
 * One PostgreSQL server for each project of a run of vitest, of the project's major version, started when the first test
 * file asks for it (see `database.ts`), so that a run of pure tests does not wait for it.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const major = project.config.env.TEST_POSTGRES ?? '15'
  let server: Promise<PostgresServer & { major: string }> | undefined
  const answer = async (): Promise<StarterAnswer> => {
    try {
      server ??= startPostgres(major).then((started) => prepare(started, major))
      const { url, bin, major: found } = await server
      return { major: found, url, bin }
    } catch (error) {
      return { major, missing: leftOut(project.name, error instanceof Error ? error.message : String(error)) }
    }
  }
  let answered: Promise<StarterAnswer> | undefined
  const starter = createServer(async (_, response) => {
    answered ??= answer()
    response.end(JSON.stringify(await answered))
  }).listen(0, '127.0.0.1')
  await once(starter, 'listening')
  const address = starter.address()
  if (address === null || typeof address === 'string') throw new Error('no port from the operating system')
  project.provide('postgresStarter', `http://127.0.0.1:${address.port}/`)
  return async () => {
    starter.closeAllConnections()
    starter.close()
    await (await server?.catch(() => undefined))?.stop()
  }
}

const leftOut = (name: string, reason: string): string => {
  process.stderr.write(
    `\n${'!'.repeat(100)}\n!! LEFT OUT of ${name}: every test that needs a real PostgreSQL server (locks, COPY, RLS, cancellation, kill).\n` +
      `!! ${reason}\n${'!'.repeat(100)}\n\n`,
  )
  return reason
}

/** The stand-in for what RDS gives its master user, once per server. */
async function prepare(server: PostgresServer, wanted: string): Promise<PostgresServer & { major: string }> {
  const client = new Client(server.url)
  await client.connect()
  try {
    const { rows } = await client.query<{ major: string }>(
      `select current_setting('server_version_num')::int / 10000 || '' as major`,
    )
    const major = rows[0]?.major ?? 'unknown'
    if (!process.env.TEST_DATABASE_URL && major !== wanted) {
      throw new Error(`the server is of version "${major}" instead of ${wanted}`)
    }
    await client.query(`do $$ declare shared text; begin
      if not exists (select from pg_roles where rolname = 'rds_superuser') then
        create role rds_superuser nologin;
        grant pg_monitor, pg_signal_backend, pg_checkpoint to rds_superuser with admin option;
      end if;
      -- From 16 on only who created a role may grant it, and a server has one master that creates them. Here it has one
      -- for each database: what all of them use is created for all of them, on the terms of CREATEROLE.
      if current_setting('server_version_num')::int >= 160000 then
        foreach shared in array array['${RETIRED_ROLE}', 'pgvector_search_app'] loop
          if not exists (select from pg_roles where rolname = shared) then
            execute format('create role %I nologin', shared);
          end if;
          execute format('grant %I to rds_superuser with admin true, inherit false, set false', shared);
        end loop;
      end if;
    end $$`)
    await makeTemplate(client, server.url)
    return { ...server, major }
  } catch (error) {
    await server.stop()
    throw error
  } finally {
    await client.end()
  }
}

async function makeTemplate(admin: Client, server: string): Promise<void> {
  const { rows } = await admin.query('select from pg_database where datname = $1', [WITH_VECTOR])
  if (rows.length > 0) return
  await admin.query(`create database ${WITH_VECTOR}`)
  const url = new URL(server)
  url.pathname = WITH_VECTOR
  const client = new Client(url.href)
  await client.connect()
  try {
    await client.query('create extension vector')
  } finally {
    await client.end()
  }
}
