import { expect, test } from 'vitest'
import { isOlder } from '#core/restore/extension.ts'

test.each([
  ['0.7.4', '0.8.0', true],
  ['0.8.0', '0.8.0', false],
  ['0.10.0', '0.8.1', false],
  ['0.8', '0.8.1', true],
  ['1.0', '1.0.0', false],
])('%s is older than %s: %s', (version, than, older) => {
  expect(isOlder(version, than)).toBe(older)
})
