import { describe, expect, test } from 'vitest'
import { compile, expressionSource } from '#local/asl/expression.ts'

test.each([
  ['{% $x %}', '$x'],
  ['{%$x%}', '$x'],
  [' {% $x %}', null],
  ['{% $x %} ', null],
  ['{%}', null],
  ['$x', null],
])('%j has the source %j', (text, source) => {
  expect(expressionSource(text)).toBe(source)
})

describe('an expression has no context item', () => {
  test.each([
    'phone',
    'phone.number',
    '$',
    '$$.a',
    '$x[$$.a = 1]',
    '*',
    '**.a',
    'a[0]',
    '-a',
    '[1, a]',
    '{"k": a}',
    '{a: 1}',
    '$f(a)',
    '$x ~> $f(a)',
    '$x ? a : 1',
    '($y := a; $y)',
    '$x and a',
    '$map($x, function($v) { b })',
  ])('%s is refused', (source) => {
    expect(() => compile(source)).toThrow('at the top level is not supported')
  })

  test.each([
    '$states.input.phone',
    '$x[a = 1].b',
    '$x.(a + $.b)',
    '$x^(>a)',
    '$x{a: b}',
    '$x.{"k": a}',
    '$map($x, function($v) { $v.b })',
    '$lookup($x, $states.input.step.kind)',
  ])('%s is read', (source) => {
    expect(compile(source)).toBeDefined()
  })
})

test('a broken expression is reported in the words of JSONata', () => {
  expect(() => compile('$x(')).toThrow('S0203: Expected ")" before end of expression')
})
