import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { quoteIdentifier as id } from '#core/sql/tag.ts'

/** A database for one benchmark, with pgvector in `public`, and roles of its own. */
export interface ScratchDatabase {
  readonly name: string
  /** As its owner, who may create roles and is no superuser: what RDS calls the master user. */
  readonly url: string
  /** As the application, a role without any right that it is not given. */
  readonly appUrl: string
  /** Name of the application's role. */
  readonly app: string
  readonly superuserUrl: string
  /** Ends every session of it, and prepared transactions too. */
  drop(): Promise<void>
}

/**
 * @param server a superuser's URL
 * @param template copied, with the same roles; nobody may be connected to it
 */
export const scratchDatabase = async (server: string, template?: ScratchDatabase): Promise<ScratchDatabase> => {
  const name = `vector_rollback_bench_${randomBytes(4).toString('hex')}`
  const owner = template ? decodeURIComponent(new URL(template.url).username) : `${name}_owner`
  const app = template?.app ?? `${name}_app`
  const urlOf = (user?: string): string => {
    const url = new URL(server)
    url.pathname = `/${name}`
    if (user === undefined) return url.href
    url.username = encodeURIComponent(user)
    url.password = ''
    return url.href
  }
  const on = async (url: string, statements: readonly string[]): Promise<void> => {
    await withClient(url, async (client) => {
      for (const statement of statements) await client.query(statement)
    })
  }
  const drop = async (): Promise<void> => {
    await withClient(server, async (admin) => {
      const { rows } = await admin.query<{ gid: string }>('select gid from pg_prepared_xacts where database = $1', [
        name,
      ])
      await on(
        urlOf(),
        rows.map(({ gid }) => `rollback prepared '${gid.replaceAll("'", "''")}'`),
      )
      await admin.query(`drop database if exists ${id(name)} with (force)`)
      if (!template) for (const role of [app, owner]) await admin.query(`drop role if exists ${id(role)}`)
    })
  }
  if (template) {
    await on(server, [`create database ${id(name)} owner ${id(owner)} template ${id(template.name)}`])
  } else {
    await on(server, [
      `create role ${id(owner)} login createrole createdb in role pg_monitor, pg_signal_backend`,
      `create role ${id(app)} login`,
      `create database ${id(name)} owner ${id(owner)}`,
    ])
    await on(urlOf(), ['create extension vector'])
  }
  return { name, url: urlOf(owner), appUrl: urlOf(app), app, superuserUrl: urlOf(), drop }
}

/** A plain connection for the length of `work`. */
export const withClient = async <T>(url: string, work: (client: Client) => Promise<T>): Promise<T> => {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
