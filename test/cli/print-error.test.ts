import { describe, expect, test } from 'vitest'
import { EXIT, exitCodeOf } from '#cli/exit-codes.ts'
import { printError, redact } from '#cli/print-error.ts'
import { type ErrorCategory, RollbackError } from '#core/errors.ts'

const error = (category: ErrorCategory = 'refused', message = 'Tables "a" and "b" differ.') =>
  new RollbackError('Restore.SchemaDrift', message, { fix: 'Bring the schema back.', category })

test.each([
  ['usage', EXIT.usage],
  ['refused', EXIT.refused],
  ['busy', EXIT.busy],
  ['unreachable', EXIT.failed],
  ['failed', EXIT.failed],
] as const)('an error of the category %s ends with %i', (category, code) => {
  expect(exitCodeOf(error(category))).toBe(code)
})

test('an error that nobody named has failed', () => {
  expect(exitCodeOf(new TypeError('x is undefined'))).toBe(EXIT.failed)
  expect(printError(new TypeError('x is undefined'), {}, {})).toContain('TypeError: x is undefined')
})

describe('an error on the screen', () => {
  test('is its name, what is wrong, and what to do, without a stack', () => {
    expect(printError(error(), {}, {})).toBe(
      'error Restore.SchemaDrift\nTables "a" and "b" differ.\nfix Bring the schema back.',
    )
  })

  test('has its stack when debugging is asked for', () => {
    expect(printError(error(), {}, { VECTOR_ROLLBACK_DEBUG: '1' })).toMatch(/\n {4}at .*print-error\.test\.ts/)
  })

  test('fits a screen however long it is', () => {
    const long = error('refused', Array.from({ length: 500 }, (_, i) => `- line ${i}`).join('\n'))
    expect(printError(long, {}, {}).split('\n').length).toBeLessThan(50)
    expect(printError(long, {}, {})).toContain('… and 460 more lines.')
  })

  test('is coloured on a terminal only, and not with NO_COLOR', () => {
    expect(printError(error(), { isTTY: true }, {})).toContain('\x1b[31merror\x1b[39m')
    for (const plain of [
      printError(error(), { isTTY: true }, { NO_COLOR: '1' }),
      printError(error(), { isTTY: true }, { TERM: 'dumb' }),
      printError(error(), { isTTY: false }, {}),
    ])
      expect(plain).not.toContain('\x1b')
  })
})

test.each([
  ['postgresql://master:s3cret@db:5432/app is down', 'postgresql://master:***@db:5432/app is down'],
  ['"postgres://m%40x:a%3Ab@[::1]/app"', '"postgres://m%40x:***@[::1]/app"'],
  ['host=db password=s3cret user=x', 'host=db password=*** user=x'],
  ['postgresql://db/app?user=x&password=s3cret&a=b', 'postgresql://db/app?user=x&password=***&a=b'],
  ['postgresql://reader@db:5432/app', 'postgresql://reader@db:5432/app'],
])('a password is never shown: %s', (text, shown) => {
  expect(redact(text)).toBe(shown)
})
