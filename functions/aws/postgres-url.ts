import { RollbackError } from '#core/errors.ts'

export interface Address {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string | null
  readonly database: string
  /** `false` is possible on loopback only. */
  readonly tls: boolean
}

/** `name.proxy-….region.rds.amazonaws.com`. */
const RDS_PROXY = /\.proxy-[a-z0-9]+\.[a-z0-9-]+\.rds\.amazonaws\.com(\.cn)?$/i

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127(\.\d+){3}$/.test(host)

/**
 * `postgresql://user[:password]@host[:port]/database[?sslmode=verify-full]`. TLS with a verified certificate and host
 * name is the only way to a host that is not this machine: a URL that asks for less is `Postgres.TlsWeakened`. RDS Proxy is
 * `Postgres.Proxy`: advisory locks and settings do not stay with its sessions. Trusted
 * authorities are the system's and those of `NODE_EXTRA_CA_CERTS`.
 */
export const readAddress = (text: string): Address => {
  const url = URL.parse(text)
  if (!url || !/^postgres(ql)?:$/.test(url.protocol)) throw bad('The database URL does not start with "postgresql://".')
  const { sslmode, ...others } = Object.fromEntries(url.searchParams)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const unknown = Object.keys(others)[0]
  if (host === '') throw bad('The database URL names no host.')
  if (url.username === '') throw bad('The database URL names no user.')
  if (RDS_PROXY.test(host))
    throw new RollbackError(
      'Postgres.Proxy',
      `"${host}" is an RDS Proxy, which loses locks and settings of sessions.`,
      {
        fix: 'Give the address of the instance or of the cluster itself.',
        category: 'refused',
      },
    )
  if (isLoopback(host)) {
    if (unknown !== undefined) throw bad(`The database URL has a parameter "${unknown}".`)
  } else if (
    unknown?.startsWith('ssl') ||
    unknown === 'uselibpqcompat' ||
    (sslmode ?? 'verify-full') !== 'verify-full'
  ) {
    throw new RollbackError(
      'Postgres.TlsWeakened',
      `The database URL for host "${host}" sets "${unknown ?? `sslmode=${sslmode}`}".`,
      { fix: 'Leave it out (or sslmode=verify-full); add authorities by NODE_EXTRA_CA_CERTS.', category: 'refused' },
    )
  } else if (unknown !== undefined) throw bad(`The database URL has a parameter "${unknown}".`)
  return {
    host,
    port: url.port === '' ? 5432 : Number(url.port),
    user: decodeURIComponent(url.username),
    password: url.password === '' ? null : decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)) || decodeURIComponent(url.username),
    tls: !isLoopback(host) || sslmode === 'verify-full',
  }
}

// The URL itself may carry a password: it is never quoted.
const bad = (message: string): RollbackError =>
  new RollbackError('Postgres.BadUrl', message, {
    fix: 'Write it as postgresql://user@host:5432/database.',
    category: 'usage',
  })

/** For people: never a password. */
export const labelOf = ({ host, port, database }: Address): string => `${host}:${port}/${database}`
