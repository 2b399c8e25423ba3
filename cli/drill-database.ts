import { randomBytes } from 'node:crypto'
import { postgres } from '#aws/postgres.ts'
import type { Database } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'
import { embedded } from '#local/embedded.ts'

/** A database that is made for one drill and gone afterwards. */
export interface DrillDatabase {
  readonly database: Database
  /** For the functions: a server is reached by its URL, the embedded one is handed over. */
  readonly forStack: { readonly url: string } | { readonly embedded: Database }
  drop(): Promise<void>
}

/** A fresh database on the server of the URL, never the one that the URL names; embedded without a URL. */
export const drillDatabase = async (url: string | undefined): Promise<DrillDatabase> => {
  if (url === undefined) {
    const database = await embedded()
    return { database, forStack: { embedded: database }, drop: () => database.close() }
  }
  const name = `vector_rollback_drill_${randomBytes(4).toString('hex')}`
  const server = postgres({ url })
  const onServer = (statement: ReturnType<typeof sql>) =>
    server.session({ applicationName: 'vector-rollback:drill', statementTimeout: 0 }, (session) =>
      session.query(statement),
    )
  await onServer(sql`create database ${sql.id(name)}`)
  const own = new URL(url)
  own.pathname = `/${name}`
  return {
    database: postgres({ url: own.href }),
    forStack: { url: own.href },
    drop: async () => {
      await onServer(sql`drop database if exists ${sql.id(name)} with (force)`)
    },
  }
}
