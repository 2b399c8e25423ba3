import { describe, expect, test } from 'vitest'
import { RollbackError } from '#core/errors.ts'
import { isUnreachable, postgresError, sqlState } from '#core/sql/errors.ts'

const serverError = (code: string, fields: Record<string, string> = {}) =>
  Object.assign(new Error(fields.message ?? 'it failed'), { severity: 'ERROR', code, ...fields })

describe('errors of the database', () => {
  test.each([
    ['55P03', 'Postgres.LockNotAvailable', 'failed'],
    ['57014', 'Postgres.QueryCanceled', 'failed'],
    ['42P01', 'Postgres.UndefinedTable', 'failed'],
    ['42501', 'Postgres.InsufficientPrivilege', 'refused'],
    ['55006', 'Postgres.ObjectInUse', 'failed'],
    ['2BP01', 'Postgres.DependentObjects', 'refused'],
    ['40001', 'Postgres.SerializationFailure', 'failed'],
    ['40P01', 'Postgres.Deadlock', 'failed'],
    ['57P01', 'Postgres.AdminShutdown', 'unreachable'],
    ['08006', 'Postgres.Unreachable', 'unreachable'],
    ['28P01', 'Postgres.AuthenticationFailed', 'refused'],
    ['28000', 'Postgres.AuthenticationFailed', 'refused'],
    ['3D000', 'Postgres.NoSuchDatabase', 'refused'],
    ['22003', 'Postgres.DataException', 'failed'],
    ['99XYZ', 'Postgres.Failed', 'failed'],
  ])('SQLSTATE %s is %s', (code, name, category) => {
    const error = postgresError(serverError(code))
    expect(error).toMatchObject({ name, category, message: expect.stringContaining(`it failed (SQLSTATE ${code}).`) })
    expect(error.fix).not.toBe('')
  })

  test.each(['ECONNREFUSED', 'ENOTFOUND', 'ETIMEDOUT', 'ECONNRESET', 'EPIPE'])('%s is Postgres.Unreachable', (code) => {
    const error = postgresError(Object.assign(new Error(`connect ${code}`), { code }))
    expect(error).toMatchObject({ name: 'Postgres.Unreachable', category: 'unreachable' })
    expect(sqlState(error)).toBeNull()
    expect(isUnreachable(error)).toBe(true)
  })

  test.each([
    'CERT_HAS_EXPIRED',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ])('%s is no outage but a certificate that is not trusted', (code) => {
    const error = postgresError(Object.assign(new Error('certificate'), { code }))
    expect(error).toMatchObject({ name: 'Postgres.TlsNotVerified', category: 'refused' })
  })

  test('shows the line that failed, with a caret, counting characters as the server does', () => {
    const statement = "select '💥💥',\n\tnope\nfrom t"
    const error = postgresError(
      serverError('42703', { position: String(Array.from(statement).indexOf('n', 13) + 1) }),
      statement,
    )
    expect(error.message).toContain('\nline 2: \tnope\n        \t^\n')
  })

  test("shows a function's own statement when that is what failed", () => {
    const fields = { internalQuery: 'select gone', internalPosition: '8', where: 'PL/pgSQL function f() line 3' }
    const { message } = postgresError(serverError('42703', { ...fields, position: '1' }), 'select f()')
    expect(message).toContain('Where: PL/pgSQL function f() line 3\nline 1: select gone\n               ^')
  })

  test('names the constraint that was violated, and keeps the row out of logs and reports', () => {
    const { message } = postgresError(
      serverError('23505', {
        message: 'duplicate key value violates unique constraint "users_email_key"',
        detail: 'Key (email)=(ann@example.com) already exists.',
        where: 'COPY users, line 5, column email: "ann@example.com\nBerlin"',
        schema: 'public',
        table: 'users',
        constraint: 'users_email_key',
      }),
    )
    expect(message).toContain('Detail: constraint "users_email_key" of table "public.users"\n')
    expect(message).toContain('Where: COPY users, line 5, column email\n')
    expect(message).not.toMatch(/ann|Berlin/)
  })

  test('keeps a value that could not be read out of logs and reports', () => {
    const { message } = postgresError(
      serverError('22P02', {
        message: 'invalid input syntax for type integer: "4111 1111"',
        where: 'COPY cards, line 1, column number: "4111 1111"',
      }),
    )
    expect(message).toContain('invalid input syntax for type integer (SQLSTATE 22P02).')
    expect(message).not.toContain('4111')
  })

  test('quotes what the server added: detail and hint', () => {
    const { message } = postgresError(serverError('2BP01', { detail: 'view v depends on it', hint: 'Use CASCADE.' }))
    expect(message).toContain('Detail: view v depends on it\nHint: Use CASCADE.')
  })

  test('keeps the SQLSTATE through every wrapping', () => {
    const wrapped = new RollbackError('Step.Failed', 'it did not work.', {
      fix: 'Try again.',
      cause: postgresError(serverError('42P01')),
    })
    expect(sqlState(wrapped)).toBe('42P01')
    expect(sqlState(new Error('other'))).toBeNull()
  })

  test('leaves an error alone that has its name already', () => {
    const named = postgresError(serverError('42P01'))
    expect(postgresError(named)).toBe(named)
  })
})
