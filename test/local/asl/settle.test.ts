import { expect, test } from 'vitest'
import { machine, run } from './harness.ts'

test('Assign and Output both see the variables as they were before the state', async () => {
  const { result } = await run(
    machine({
      First: { Type: 'Pass', Assign: { x: 1, y: 10 }, Next: 'Second' },
      Second: { Type: 'Pass', Assign: { x: '{% $x + 1 %}', y: '{% $x %}' }, Output: '{% [$x, $y] %}', Next: 'Third' },
      Third: { Type: 'Pass', Output: { before: '{% $states.input %}', after: '{% [$x, $y] %}' }, End: true },
    }),
  )
  expect(result.output).toEqual({ before: [1, 10], after: [2, 1] })
})

test('without an Output the input goes on', async () => {
  const { result } = await run(machine({ A: { Type: 'Pass', Assign: { x: 1 }, Next: 'B' }, B: { Type: 'Succeed' } }), {
    input: { keep: true },
  })
  expect(result.output).toEqual({ keep: true })
})

test('what a state assigned is in the event of its exit, as JSON text', async () => {
  const { events } = await run(machine({ A: { Type: 'Pass', Assign: { x: { y: 'z' } }, End: true } }))
  expect(events[2]?.stateExitedEventDetails).toEqual({
    name: 'A',
    output: '{}',
    outputDetails: { truncated: false },
    assignedVariables: { x: '{"y":"z"}' },
    assignedVariablesDetails: { truncated: false },
  })
})

test.each([
  ['Output', { Output: "{% $join($map([1..300], function($i) { $pad('', 1000, 'x') })) %}" }],
  ['Assign', { Assign: { big: "{% $join($map([1..300], function($i) { $pad('', 1000, 'x') })) %}" } }],
])('%s over 256 KiB fails the state', async (_, settling) => {
  const { result } = await run(machine({ A: { Type: 'Pass', ...settling, End: true } }))
  expect(result).toEqual({
    status: 'FAILED',
    error: 'States.DataLimitExceeded',
    cause: "The state/task 'A' returned a result with a size exceeding the maximum number of bytes service limit.",
  })
})
