import { expect, test } from 'vitest'
import { substitute } from '#local/asl/substitute.ts'

const placeholder = (name: string) => `\${${name}}`

test('puts each value in wherever its name stands', () => {
  const text = `"${placeholder('A')}-${placeholder('B')}-${placeholder('A')}"`
  expect(substitute(text, { A: 'x', B: '$&' })).toBe('"x-$&-x"')
})

test('refuses a name without a value', () => {
  expect(() => substitute(placeholder('A') + placeholder('Missing'), { A: 'x' })).toThrow(
    'no value was given for "Missing"',
  )
})

test('refuses a value that the definition does not use', () => {
  expect(() => substitute(placeholder('A'), { A: 'x', Extra: 'y' })).toThrow('does not use "Extra"')
})

test('what every object inherits is not a value', () => {
  expect(() => substitute(placeholder('constructor'), {})).toThrow('no value was given for "constructor"')
})
