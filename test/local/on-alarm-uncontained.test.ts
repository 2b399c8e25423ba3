import { expect, onTestFinished, test, vi } from 'vitest'
import { exitCodeOfOutcome } from '#cli/local-run.ts'
import { readIncident } from '#core/incident/incident.ts'
import type { IncidentId } from '#core/names.ts'
import { outcomeOf } from '#local/outcome.ts'
import { startStack } from '#local/stack.ts'
import { lambdaAction } from '#test/core/decide/alarm-events.ts'
import { FLAG, PLAN } from '#test/support/paths.ts'

const start = async () => {
  const stack = await startStack({
    environment: 'test',
    database: { url: 'postgresql://nobody@127.0.0.1:1/nothing' },
  })
  onTestFinished(() => stack.close())
  stack.faults.add({
    service: 'ssm',
    operation: 'PutParameter',
    fault: { status: 400, code: 'ParameterMaxVersionLimitExceeded' },
  })
  return stack
}

test('a run whose flag cannot be switched calls a person, says what to set by hand, and goes no further', async () => {
  const stack = await start()
  const incident = 'flag-1' as IncidentId
  const { arn } = await stack.execute(incident, { plan: PLAN, path: 'flag', reason: 'a test' })
  const outcome = await outcomeOf(arn, incident, stack)
  expect(outcome).toMatchObject({
    report: null,
    joined: false,
    problem: {
      error: 'Containment.Incomplete',
      text: expect.stringContaining(`Set the others by hand, now: ${FLAG} = "false".`),
      // Not "failed but contained".
      category: null,
    },
  })
  expect(exitCodeOfOutcome(outcome)).toBe(6)
  expect(outcome.states.map(({ name }) => name)).not.toContain('Open incident')
  expect(await readIncident(stack.objects, incident)).toBeNull()
  expect(JSON.stringify(stack.messages())).toContain('Containment.Incomplete')
})

test('an alarm whose flag cannot be switched still starts the state machine, and comes again', async () => {
  const stack = await start()
  const event = lambdaAction({ name: `vector-rollback-test-${PLAN}-connection-failures` })
  await expect(stack.invoke('on-alarm', event)).rejects.toThrow('Containment.Incomplete')
  // It came to the same end there, and people were told.
  await vi.waitFor(() => expect(JSON.stringify(stack.messages())).toContain('Containment.Incomplete'))
})
