import { describe, expect, test } from 'vitest'
import { machine, run } from './harness.ts'

const choose = (input: unknown, choice: object = {}) =>
  run(
    machine({
      Which: {
        Type: 'Choice',
        Choices: [
          { Condition: '{% $states.input.n = 1 %}', Next: 'Show', Assign: { by: 'one' }, Output: 'rule one' },
          { Condition: '{% $states.input.n > 0 %}', Next: 'Show', Assign: { by: 'more' } },
        ],
        Default: 'Show',
        Assign: { by: 'default', only: 'default' },
        Output: 'state',
        ...choice,
      },
      Show: { Type: 'Succeed', Output: '{% {"in": $states.input, "by": $by, "only": $only} %}' },
    }),
    { input },
  )

describe('the first rule that is true is taken', () => {
  test('with its own Assign and Output, not those of the state', async () => {
    expect((await choose({ n: 1 })).result.output).toEqual({ in: 'rule one', by: 'one' })
  })

  test('and passes its input on when it has no Output', async () => {
    expect((await choose({ n: 2 })).result.output).toEqual({ in: { n: 2 }, by: 'more' })
  })

  test('else Default, with the Assign and Output of the state', async () => {
    expect((await choose({ n: -1 })).result.output).toEqual({ in: 'state', by: 'default', only: 'default' })
  })
})

test('no rule and no Default is States.Runtime', async () => {
  const { result } = await choose({ n: -1 }, { Default: undefined })
  expect(result).toEqual({
    status: 'FAILED',
    error: 'States.Runtime',
    cause:
      "An error occurred while executing the state 'Which' (entered at the event id #2). Failed to transition out of the state. The state does not point to a next state.",
  })
})

test('a condition must be true or false; nothing and text fail', async () => {
  expect((await choose({ n: 'x' })).result.cause).toContain('T2009')
  expect((await choose({})).result.cause).toContain("specified for the field 'Choices[1]/Condition' returned nothing")
  const text = await choose({}, { Choices: [{ Condition: "{% 'yes' %}", Next: 'Show' }] })
  expect(text.result.cause).toContain(`Expected 'boolean', but was 'string' for value: "yes"`)
})

test('a failed Output of a rule is reported at the rule', async () => {
  const rule = { Condition: true, Next: 'Show', Output: { v: '{% $nobody %}' } }
  expect((await choose({}, { Choices: [rule] })).result.cause).toContain("the field 'Choices[0]/Output/v'")
})
