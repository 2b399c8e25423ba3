import { describe, expect, test } from 'vitest'
import { loadPlan, readPlan } from '#core/plan/load.ts'
import { restoredParameters, throttledParameters } from '#core/plan/touched.ts'
import { previewOfPlan } from '#core/preview/of-plan.ts'
import { withSteps } from '#test/core/recorded/world.ts'
import { planFolder, shown } from './folder.ts'

const problemsOf = async (step: string): Promise<string[]> =>
  shown((await readPlan(await planFolder({ 'plan.yaml': withSteps([step]), 'sql/step.sql': null }))).problems)

describe('a plan is refused', () => {
  test.each([
    ['restore-config: { parameters: ["/app/{env}/SEARCH"] }', '"/app/{env}/SEARCH" is the flag "SEARCH" of this plan.'],
    ['throttle: { set: { "/app/{env}/SEARCH": "true" } }', '"/app/{env}/SEARCH" is the flag "SEARCH" of this plan.'],
    ['throttle: { back: ["/app/{env}/SEARCH"] }', '"/app/{env}/SEARCH" is the flag "SEARCH" of this plan.'],
    ['restore-config: { path: "/app/{env}/worker" }', '"/app/{env}/worker" is not a folder of SSM parameters.'],
    ['restore-config: { path: "/app/" }', '"/app/" is not a folder of SSM parameters.'],
    ['restore-config: {}', 'This restore-config says nothing.'],
    ['throttle: { set: {} }', 'There is nothing to set.'],
    ['throttle: { set: { LIMIT: "1" } }', '"LIMIT" is not the name of an SSM parameter.'],
  ])('whose step says %s', async (step, message) => {
    expect(await problemsOf(step)).toEqual([expect.stringContaining(message)])
  })
})

test('a preview says what would be put back, set, and set back', async () => {
  const steps = [
    'restore-config: { path: "/app/{env}/worker/" }',
    'throttle: { set: { "/app/{env}/RATE": "10" } }',
    'throttle: { back: ["/app/{env}/RATE"] }',
  ]
  const plan = await loadPlan(await planFolder({ 'plan.yaml': withSteps(steps), 'sql/step.sql': null }))
  const { stages } = await previewOfPlan(plan, 'partial')
  const lines = stages.flatMap(({ lines }) => lines.map((line) => (line.kind === 'action' ? line.text : '')))
  expect(lines).toEqual(
    expect.arrayContaining([
      'put all parameters below /app/{env}/worker/ back to the newest record of the good state; delete none, and no flag',
      'set /app/{env}/RATE to "10", and keep what was there',
      'set /app/{env}/RATE back to what was there before the throttle',
    ]),
  )
})

test('what a step of any scenario touches is granted and recorded, with the environment filled in', async () => {
  const steps = ['restore-config: { path: "/app/{env}/worker/" }']
  const scenario = `    scenarios:
      relief:
        describe: Less load.
        budget: 5m
        steps:
          - throttle: { set: { "/app/{env}/RATE": "10" } }
          - restore-config: { parameters: ["/app/{env}/POOL"] }
`
  const text = withSteps(steps, ['    budget: 10m\n', `    budget: 10m\n${scenario}`])
  const plan = await loadPlan(await planFolder({ 'plan.yaml': text, 'sql/step.sql': null }))
  expect(restoredParameters(plan, 'prod')).toEqual({ folders: ['/app/prod/worker/'], names: ['/app/prod/POOL'] })
  expect(throttledParameters(plan, 'prod')).toEqual(['/app/prod/RATE'])
})
