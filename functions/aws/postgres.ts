import { Signer } from '@aws-sdk/rds-signer'
import { Client } from 'pg'
import { PostgresSession } from '#aws/postgres-session.ts'
import { type Address, labelOf, readAddress } from '#aws/postgres-url.ts'
import type { Database, SessionOptions } from '#core/ports.ts'
import { postgresError, sessionAborted } from '#core/sql/errors.ts'
import { rowTypes } from '#core/sql/row-types.ts'
import { setUpSession } from '#core/sql/session-settings.ts'

export interface PostgresConfig {
  /** See `readAddress`. Throws `Postgres.BadUrl`, `Postgres.TlsWeakened`. */
  readonly url: string
  /** Sign in with a token of the Lambda's role (`rds-db:connect`) instead of a password. */
  readonly iam?: boolean
  /** A COPY that moves no byte for so many milliseconds is `Postgres.Stalled`. Default 30,000. */
  readonly idleMilliseconds?: number
  /** Default 5,000. */
  readonly connectMilliseconds?: number
}

/** RDS, Aurora or any PostgreSQL server, one connection per session, without a pool and without RDS Proxy. */
export const postgres = (config: PostgresConfig): Database => {
  const address = readAddress(config.url)
  return {
    label: labelOf(address),
    kind: 'server',
    async session(options, work) {
      if (options.signal?.aborted) throw sessionAborted(options.signal.reason)
      const session = await open(address, config, options)
      try {
        const result = await work(session)
        await session.close()
        return result
      } finally {
        session.destroy()
      }
    },
  }
}

const open = async (address: Address, config: PostgresConfig, options: SessionOptions): Promise<PostgresSession> => {
  const { host, port, user, database } = address
  const client = new Client({
    host,
    port,
    user,
    database,
    password: config.iam ? iamToken(address) : (address.password ?? undefined),
    ssl: address.tls ? { rejectUnauthorized: true } : false,
    connectionTimeoutMillis: config.connectMilliseconds ?? 5_000,
    // Finds a peer that vanished within 20 s: libuv probes ten times, once a second, after this delay.
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: { getTypeParser: (oid: number) => rowTypes.get(oid) ?? String },
  })
  const session = new PostgresSession(client, options.signal, config.idleMilliseconds ?? 30_000)
  try {
    await client.connect()
    await session.query(setUpSession(options))
    return session
  } catch (error) {
    const named = session.name(error)
    session.destroy(named)
    throw named
  }
}

/** The token is asked for when the server wants it, so that it never is older than the connection. */
const iamToken = ({ host, port, user }: Address): (() => Promise<string>) => {
  const signer = new Signer({ hostname: host, port, username: user })
  return () =>
    signer.getAuthToken().catch((error: unknown) => {
      throw postgresError(error)
    })
}
