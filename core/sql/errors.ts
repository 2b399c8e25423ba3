import { type ErrorCategory, isRollbackError, RollbackError } from '#core/errors.ts'
import { CONDITIONS, type Condition, OTHER_CONDITION } from '#core/sql/sqlstates.ts'

/** The fields of an ErrorResponse that pg and PGlite give alike. */
interface ServerError extends Error {
  readonly severity: string
  readonly code: string
  readonly detail?: string
  readonly schema?: string
  readonly table?: string
  readonly constraint?: string
  readonly hint?: string
  readonly position?: string
  readonly where?: string
  readonly internalQuery?: string
  readonly internalPosition?: string
}

/**
 * The SQLSTATE that the server gave, also when the error was wrapped since; `null` when the server said nothing (a lost
 * connection, an error of ours).
 */
export const sqlState = (error: unknown): string | null => {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (isServerError(current)) return current.code
  }
  return null
}

/**
 * Names an error of the driver after its condition: `Postgres.LockNotAvailable`, `Postgres.Unreachable`, … Errors that
 * have a name already are returned as they are.
 *
 * @param statement the text that was sent; the failing line of it is shown with a caret
 */
export const postgresError = (error: unknown, statement?: string): RollbackError => {
  if (isRollbackError(error)) return error
  if (isServerError(error)) {
    const { name, category, fix } = conditionOf(error.code)
    return new RollbackError(`Postgres.${name}`, describe(error, statement), { fix, cause: error, category })
  }
  return connectionError(error)
}

/** Whether the server did not answer, so that what the last statement did is unknown. */
export const isUnreachable = (error: unknown): boolean => isRollbackError(error) && error.category === 'unreachable'

/** The answer to a COMMIT never came: the transaction may or may not have been committed. */
export const commitUnknown = (cause: unknown): RollbackError =>
  new RollbackError('Postgres.Unknown', 'The connection was lost during COMMIT: nobody knows whether it took effect.', {
    fix: 'Run the step again: it looks at what is there before it changes anything.',
    category: 'unreachable',
    cause,
  })

/** Cancelled by the caller, as by a Lambda that is about to time out. */
export const sessionAborted = (reason: unknown): RollbackError =>
  new RollbackError('Postgres.Aborted', `The session was cancelled (${String(reason)}).`, {
    fix: 'What its last statement did is unknown: run the step again, which looks first.',
    category: 'unreachable',
    cause: reason,
  })

export const sessionEnded = (): RollbackError =>
  new RollbackError('Postgres.SessionEnded', 'The session has ended.', {
    fix: 'Use a session only inside the function that got it, and open another one after a long statement was left.',
    category: 'usage',
  })

/** COPY is a utility statement: it has no place for parameters. */
export const copyParameters = (text: string): RollbackError =>
  new RollbackError('Postgres.CopyParameters', `Not a COPY without parameters: "${text}".`, {
    fix: 'Write the values with sql.literal.',
    category: 'usage',
  })

const isServerError = (error: unknown): error is ServerError =>
  error instanceof Error &&
  'severity' in error &&
  typeof error.severity === 'string' &&
  'code' in error &&
  typeof error.code === 'string'

const conditionOf = (code: string): Condition => CONDITIONS[code] ?? CONDITIONS[code.slice(0, 2)] ?? OTHER_CONDITION

const describe = (error: ServerError, statement: string | undefined): string => {
  const lines = [`${withoutValue(error)} (SQLSTATE ${error.code}).`]
  const detail = detailWithoutRow(error)
  if (detail) lines.push(`Detail: ${detail}`)
  if (error.hint) lines.push(`Hint: ${error.hint}`)
  if (error.where) lines.push(`Where: ${error.where.replace(COPIED_VALUE, '')}`)
  if (error.internalQuery && error.internalPosition) {
    lines.push(...excerpt(error.internalQuery, Number(error.internalPosition)))
  } else if (statement && error.position) lines.push(...excerpt(statement, Number(error.position)))
  if (lines.length > 1) lines.push('')
  return lines.join('\n')
}

/** What COPY was reading when it failed: `COPY t, line 5, column email: "…"`. The value may itself have lines. */
const COPIED_VALUE = /(?<=COPY .*, line \d+(?:, column .*)?): ".*$/s

/** The messages of class 22 end in the value that was wrong, and errors go into logs, histories and reports. */
const withoutValue = ({ message, code }: ServerError): string =>
  code.startsWith('22') ? message.replace(/: ".*"$/s, '') : message

/** The detail of a violated constraint (class 23) is the row, or its key: whose it is says where to look. */
const detailWithoutRow = ({ code, detail, schema, table, constraint }: ServerError): string | undefined => {
  if (!code.startsWith('23')) return detail
  const names = [constraint && `constraint "${constraint}"`, table && `table "${schema ? `${schema}.` : ''}${table}"`]
  return names.filter(Boolean).join(' of ')
}

/** The line of a statement at a position (in characters, from 1, as PostgreSQL counts) and a caret below it. */
const excerpt = (statement: string, position: number): string[] => {
  const before = Array.from(statement)
    .slice(0, position - 1)
    .join('')
  const number = before.split('\n').length
  const line = statement.split('\n')[number - 1] ?? ''
  const column = before.length - (before.lastIndexOf('\n') + 1)
  const prefix = `line ${number}: `
  return [`${prefix}${line}`, `${' '.repeat(prefix.length)}${line.slice(0, column).replace(/[^\t]/g, ' ')}^`]
}

const CERTIFICATE_ERROR = /^(CERT_|ERR_TLS_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/

const connectionError = (error: unknown): RollbackError => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const message = error instanceof Error && error.message !== '' ? error.message : code || String(error)
  const make = (name: 'Unreachable' | 'TlsNotVerified', text: string, fix: string, category: ErrorCategory) =>
    new RollbackError(`Postgres.${name}`, text, { fix, category, cause: error })
  if (CERTIFICATE_ERROR.test(code) || message.includes('SSL connection')) {
    return make(
      'TlsNotVerified',
      `No TLS connection whose certificate is trusted for this host: ${message}.`,
      'Connect by the name in the certificate and give its authority in NODE_EXTRA_CA_CERTS (for RDS: the global bundle).',
      'refused',
    )
  }
  return make(
    'Unreachable',
    `The database did not answer: ${message}.`,
    'Check host, port, security group and failover state; what the last statement did is unknown until it is looked at.',
    'unreachable',
  )
}
