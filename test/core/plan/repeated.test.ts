import { expect, test } from 'vitest'
import { readPlan } from '#core/plan/load.ts'
import { withSteps } from '#test/core/recorded/world.ts'
import { type Edit, planFolder, shown } from './folder.ts'

const WEB = 'ecs: { cluster: app, service: web }'
const WEBHOOK: Edit = [
  'contacts:\n',
  'webhooks:\n  - { name: pager, url: "https://pager.example.com", events: [started], secret: "/app/{env}/PAGER" }\ncontacts:\n',
]

const problemsIn = async (steps: readonly string[]): Promise<string[]> => {
  const folder = await planFolder({ 'plan.yaml': withSteps(steps, WEBHOOK), 'sql/step.sql': null })
  return shown((await readPlan(folder)).problems)
}

test.each([
  [`restart: { ${WEB} }`, `restart: { ${WEB}, why: after the settings }`],
  [`scale: { ${WEB}, to: 0 }`, `scale: { ${WEB}, to: recorded }`],
  [
    'run-command: { document: stop, targets: { InstanceIds: [i-1] } }',
    'run-command: { document: stop, targets: { InstanceIds: [i-2] } }',
  ],
  ['webhook: { webhook: pager, say: Traffic away }', 'webhook: { webhook: pager, say: Traffic back }'],
  ['rds-snapshot: { cluster: app }', 'rds-snapshot: { cluster: other }'],
])('%s stands once on a path: found done, a second one would do nothing', async (step, other) => {
  expect(await problemsIn([step, other])).toEqual([])
  expect((await problemsIn([step, step]))[0]).toContain('is here twice, and nothing tells the two apart.')
})

test('what is set to a value may be set to it again', async () => {
  const twice = 'throttle: { set: { "/app/{env}/RATE": "10" } }'
  expect(await problemsIn([twice, twice])).toEqual([])
})
