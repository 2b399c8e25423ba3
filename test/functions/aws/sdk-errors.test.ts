import { describe, expect, test } from 'vitest'
import { fromSdk } from '#aws/sdk-errors.ts'
import { RollbackError } from '#core/errors.ts'

const CALL = {
  doing: 'Reading parameter "/app/FLAG"',
  action: 'ssm:GetParameter',
  unreachable: 'Flag.Unreadable',
  denied: 'Flag.Denied',
  rejected: 'Flag.Rejected',
} as const

const error = (members: object) => Object.assign(new Error('the message'), members)
const named = (members: object) => fromSdk(error(members), CALL, 'Correct it.')

describe('an error of an AWS call', () => {
  test.each([
    { name: 'TimeoutError' },
    { code: 'ECONNREFUSED' },
    { code: 'ECONNRESET' },
    { code: 'EPIPE' },
    { code: 'ENOTFOUND' },
    { code: 'EAI_AGAIN' },
    { name: 'ThrottlingException', $metadata: { httpStatusCode: 400 } },
    { name: 'SlowDown', $metadata: { httpStatusCode: 503 } },
    { name: 'InternalServerError', $metadata: { httpStatusCode: 500 } },
    { $metadata: { httpStatusCode: 429 } },
  ])('says that the service was not reached: %o', (members) => {
    expect(named(members)).toMatchObject({ name: 'Flag.Unreadable', category: 'unreachable' })
  })

  test.each([
    { name: 'AccessDeniedException', $metadata: { httpStatusCode: 400 } },
    { $metadata: { httpStatusCode: 403 } },
    { name: 'ExpiredTokenException', $metadata: { httpStatusCode: 400 } },
    { name: 'CredentialsProviderError' },
  ])('says what is missing when it was not allowed: %o', (members) => {
    expect(named(members)).toMatchObject({
      name: 'Flag.Denied',
      category: 'refused',
      fix: expect.stringContaining('ssm:GetParameter'),
    })
  })

  test('quotes what was done, the service and the number of attempts', () => {
    const refused = named({ name: 'ValidationException', $metadata: { httpStatusCode: 400, attempts: 2 } })
    expect(refused).toMatchObject({
      name: 'Flag.Rejected',
      category: 'failed',
      message: 'Reading parameter "/app/FLAG" failed after 2 attempts: ValidationException: the message. Correct it.',
    })
  })

  test('says the status where S3 gives nothing else', () => {
    const bare = Object.assign(new Error('UnknownError'), { name: '403', $metadata: { httpStatusCode: 403 } })
    expect(fromSdk(bare, CALL, '').message).toContain('403 (HTTP 403)')
  })

  test('stays as it is when it is one of ours', () => {
    const ours = new RollbackError('Snapshot.Incomplete', 'cut short.', { fix: 'Repeat.' })
    expect(fromSdk(ours, CALL, '')).toBe(ours)
  })
})
