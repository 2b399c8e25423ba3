import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { planFolder } from '#test/core/plan/folder.ts'
import { withSteps } from '#test/core/recorded/world.ts'
import { cli } from './cli.ts'

const FIXTURE = `
export const fixture = {
  load: (session) => session.script(\`
    create extension if not exists vector with schema public;
    create table public.embeddings (id int primary key, embedding public.vector(3));\`),
}
`

test('a drill records the good state of the fixture, lets the bad deployment happen, and puts it back', async () => {
  const directory = await planFolder({
    'plan.yaml': withSteps(
      [
        'throttle: { set: { "/app/{env}/RATE": "1" } }',
        'restore-config: { path: "/app/{env}/worker/" }',
        'throttle: { back: ["/app/{env}/RATE"] }',
      ],
      ['    within: 15s', '    within: 1s'],
      ['    after: [flag]', '    after: [flag, partial]'],
    ),
    'sql/step.sql': null,
    'fixture/fixture.ts': FIXTURE,
    'fixture/aws.yaml': `
before: { ssm: { "/app/{env}/worker/LIMIT": "10", "/app/{env}/RATE": "50" } }
after: { ssm: { "/app/{env}/worker/LIMIT": "500" } }
`,
  })
  const out = await mkdtemp(join(tmpdir(), 'vector-rollback-drill-'))
  onTestFinished(() => rm(out, { recursive: true, force: true }))
  const args = ['drill', 'small', '--path', 'partial', '--plans', dirname(directory), '--json', '--out', out]
  const { code, stdout, stderr } = await cli(args)
  expect(code, stderr).toBe(0)
  const steps: { kind: string; detail: string }[] = JSON.parse(stdout).steps
  const said = steps.flatMap(({ kind, detail }) => (/throttle|restore-config/.test(kind) ? [detail] : []))
  expect(said).toEqual([
    '/app/drill/RATE from "50" to "1"',
    expect.stringMatching(/^1 of 1 parameters below \/app\/drill\/worker\/ put back as recorded at .*LIMIT$/),
    '/app/drill/RATE from "1" back to "50"',
  ])
})
