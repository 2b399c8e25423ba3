import { once } from 'node:events'
import { createServer } from 'node:http'
import { Client } from 'pg'
import type { TestProject } from 'vitest/node'
import { type PostgresServer, startPostgres } from '#test/support/postgres.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Answers with the test run's server as JSON; starts it when it is asked first. */
    postgresStarter: string
  }
}

/** What the starter answers: the server, or why there is none. */
export type StarterAnswer = { url: string; bin: string | null } | { missing: string }

/**
 * One PostgreSQL server for a run of vitest, started when the first test file asks for it (see `database.ts`), so that
 * a run of pure tests does not wait for it.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let server: Promise<PostgresServer> | undefined
  const answer = async (): Promise<StarterAnswer> => {
    try {
      server ??= startPostgres().then(prepare)
      const { url, bin } = await server
      return { url, bin }
    } catch (error) {
      return { missing: leftOut(error instanceof Error ? error.message : String(error)) }
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

const leftOut = (reason: string): string => {
  process.stderr.write(
    `\n${'!'.repeat(100)}\n!! LEFT OUT: every test that needs a real PostgreSQL server (locks, COPY, RLS, cancellation, kill).\n` +
      `!! ${reason}\n${'!'.repeat(100)}\n\n`,
  )
  return reason
}

/** The stand-in for what RDS gives its master user, once per server. */
async function prepare(server: PostgresServer): Promise<PostgresServer> {
  const client = new Client(server.url)
  await client.connect()
  try {
    await client.query(`do $$ begin
      if not exists (select from pg_roles where rolname = 'rds_superuser') then
        create role rds_superuser nologin;
        grant pg_monitor, pg_signal_backend, pg_checkpoint to rds_superuser with admin option;
      end if;
    end $$`)
    return server
  } catch (error) {
    await server.stop()
    throw error
  } finally {
    await client.end()
  }
}
