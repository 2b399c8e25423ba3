import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { DrillReport } from '#core/report/drill.ts'
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
        'throttle: { set: { "/app/{env}/RATE": "1", "/app/{env}/BATCH": "2" } }',
        'restore-config: { path: "/app/{env}/worker/" }',
        'throttle: { back: ["/app/{env}/RATE"] }',
        'parameter-group: { group: app, parameters: [max_connections], reboot: ask }',
      ],
      ['    within: 15s', '    within: 1s'],
      ['    after: [flag]', '    after: [flag, partial]'],
    ),
    'sql/step.sql': null,
    'fixture/fixture.ts': FIXTURE,
    'fixture/aws.yaml': `
before:
  ssm: { "/app/{env}/worker/LIMIT": "10", "/app/{env}/RATE": "50", "/app/{env}/BATCH": "64" }
  rds:
    parameter-groups: { app: { parameters: { max_connections: { value: "200", apply: static } } } }
    instances: { app-1: { parameter-group: app } }
after:
  ssm: { "/app/{env}/worker/LIMIT": "500" }
  rds: { parameter-groups: { app: { parameters: { max_connections: { value: "900", apply: static } } } } }
`,
  })
  const out = await mkdtemp(join(tmpdir(), 'vector-rollback-drill-'))
  onTestFinished(() => rm(out, { recursive: true, force: true }))
  const args = ['drill', 'small', '--path', 'partial', '--plans', dirname(directory), '--json', '--out', out]
  const { code, stdout, stderr } = await cli(args)
  expect(code, stderr).toBe(0)
  const { steps } = JSON.parse(stdout) as { steps: { kind: string; detail: string }[] }
  const said = steps.flatMap(({ kind, detail }) => (/throttle|restore-config/.test(kind) ? [detail] : []))
  expect(said).toEqual([
    '/app/drill/RATE from "50" to "1"; /app/drill/BATCH from "64" to "2"',
    expect.stringMatching(/^1 of 1 parameters below \/app\/drill\/worker\/ put back as recorded at .*LIMIT$/),
    '/app/drill/RATE from "1" back to "50"',
  ])
  // What no step may do, and what is only meant for a while, people are left with.
  const { runs } = JSON.parse(await readFile(join(out, 'drill.json'), 'utf8')) as DrillReport
  expect(runs[0]?.report.next.slice(-2)).toEqual([
    expect.stringMatching(/^Reboot "app-1" in a window, so that max_connections take effect/),
    expect.stringMatching(/^\/app\/drill\/BATCH is at "2" since .* and was at "64": a throttle step with "back"/),
  ])
})
