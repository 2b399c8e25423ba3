import type { ErrorCategory } from '#core/errors.ts'

export interface Condition {
  /** What follows `Postgres.` in the name of the error. */
  readonly name: string
  readonly fix: string
  readonly category: ErrorCategory
}

const failed = (name: string, fix: string): Condition => ({ name, fix, category: 'failed' })
const refused = (name: string, fix: string): Condition => ({ name, fix, category: 'refused' })
const unreachable = (name: string, fix: string): Condition => ({ name, fix, category: 'unreachable' })

const AGAIN = 'Run the step again.'
const DRIFT = 'Compare the database with what the plan names: the schema may have drifted, or the step is half done.'
const STATEMENT = 'Correct the statement; the position is marked above.'
const DATA = 'Look at the data that the detail names.'
const CAPACITY = 'Make room on the server, then run the step again.'
const CORRUPT = 'Stop, keep the server as it is, and restore from a snapshot of another storage.'

/**
 * SQLSTATE, or its class of two characters, to the error that a Catch sees.
 * Source: PostgreSQL, Appendix A, "PostgreSQL Error Codes".
 */
export const CONDITIONS: Readonly<Record<string, Condition>> = {
  '08': unreachable('Unreachable', 'Check that the database is up and run the step again.'),
  '0A000': failed('FeatureNotSupported', STATEMENT),
  '22': failed('DataException', DATA),
  '22P04': failed('BadCopyFormat', 'The copied bytes are damaged or cut: take another snapshot.'),
  '23': failed('IntegrityViolation', DATA),
  '23502': failed('NotNullViolation', DATA),
  '23503': failed('ForeignKeyViolation', DATA),
  '23505': failed('UniqueViolation', DATA),
  '23514': failed('CheckViolation', DATA),
  '25001': failed('ActiveTransaction', 'Put "--! no-transaction" on line 1 of the file.'),
  '25006': refused('ReadOnly', 'This is a reader or a standby: connect to the writer.'),
  '25P02': failed('InFailedTransaction', 'An earlier statement of the transaction failed; see its error.'),
  '25P03': failed('IdleInTransaction', AGAIN),
  '28': refused('AuthenticationFailed', 'Check the user, its secret or its IAM grant (rds_iam).'),
  '2BP01': refused('DependentObjects', 'Name what depends on it in the plan, or remove it there.'),
  '3D000': refused('NoSuchDatabase', 'Check the name of the database in the plan or the URL.'),
  '3F000': failed('UndefinedSchema', DRIFT),
  '40001': failed('SerializationFailure', AGAIN),
  '40P01': failed('Deadlock', AGAIN),
  '42501': refused(
    'InsufficientPrivilege',
    'Grant what is missing to the role of the product (see its bootstrap SQL).',
  ),
  '42601': failed('SyntaxError', STATEMENT),
  '42703': failed('UndefinedColumn', DRIFT),
  '42704': failed('UndefinedObject', DRIFT),
  '42883': failed('UndefinedFunction', DRIFT),
  '42P01': failed('UndefinedTable', DRIFT),
  '42P06': failed('DuplicateSchema', DRIFT),
  '42P07': failed('DuplicateTable', DRIFT),
  '42710': failed('DuplicateObject', DRIFT),
  '53': failed('InsufficientResources', CAPACITY),
  '53100': failed('DiskFull', CAPACITY),
  '53200': failed('OutOfMemory', CAPACITY),
  '53300': unreachable('TooManyConnections', 'End idle sessions, then run the step again.'),
  '55000': failed('WrongObjectState', DRIFT),
  '55006': failed('ObjectInUse', 'End the sessions that use it, then run the step again.'),
  '55P03': failed('LockNotAvailable', 'End or wait for the transaction that holds the lock, then run the step again.'),
  '57014': failed('QueryCanceled', 'Raise the timeout of the step, or find who cancelled the statement.'),
  '57P01': unreachable(
    'AdminShutdown',
    'A takeover, an administrator or a failover ended the session: run the step again.',
  ),
  '57P02': unreachable('CrashShutdown', 'The server crashed and recovers: run the step again.'),
  '57P03': unreachable('CannotConnectNow', 'The server is starting or recovering: run the step again.'),
  '57P04': refused('DatabaseDropped', 'The database was dropped: restore it, or correct its name.'),
  P0001: failed('Raised', "The statement itself raised this error; see the function's or the file's text."),
  XX001: failed('DataCorrupted', CORRUPT),
  XX002: failed('IndexCorrupted', 'Rebuild the index (reindex), then run the step again.'),
}

export const OTHER_CONDITION: Condition = failed('Failed', 'Look up the SQLSTATE in PostgreSQL, Appendix A.')
