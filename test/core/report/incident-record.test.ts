import { describe, expect, test } from 'vitest'
import { keys } from '#core/incident/keys.ts'
import { writeJson } from '#core/json.ts'
import { incidentRecord } from '#core/report/incident-record.ts'
import { renderMarkdown } from '#core/report/markdown.ts'
import type { RunReport } from '#core/report/model.ts'
import { fullReport } from '#test/support/report.ts'
import { at, checked, happened, objects, open, report, useBucket } from './recorded-run.ts'

useBucket()

const fieldsOf = (found: RunReport): Record<string, string> =>
  Object.fromEntries(incidentRecord(found).flatMap(({ lines }) => lines.map(({ label, value }) => [label, value])))

describe('the fields of an incident', () => {
  test('are all there, and what nobody knows is not known', async () => {
    const opened = await open('flag')
    await checked(opened.run, 12, { answers: 'pass', rows: 'unknown' })
    const found = await report(opened)
    expect(fieldsOf(found)).toEqual({
      Number: opened.run.incident,
      Date: '2026-11-21',
      From: '2026-11-21 03:00:00 UTC',
      Until: '2026-11-21 03:01:00 UTC',
      Duration: '1 min',
      Severity: 'CRITICAL',
      'What happened': 'Slow. (Threshold Crossed.)',
      'When it was noticed': '2026-11-21 03:00:00 UTC',
      'How it was noticed': 'alarm slow-alarm',
      'First symptoms': 'Threshold Crossed.',
      System: 'A small plan',
      Path: 'flag',
      Changes: 'contain: SEARCH set to "false"',
      'Contained after': '1 min',
      'Restored after': '1 min',
      'Version in service': 'not known',
      Backup: 'not known',
      'Checks that did not pass': 'rows unknown',
      'Users affected': 'not known',
      'What they noticed': 'not known',
      Services: 'not known',
      Workaround: 'not known',
      'Data lost': 'No data was lost.',
      Cost: 'not known',
      'Root cause': 'not known',
      Prevention: 'not known',
      'Changes of the process': 'not known',
      'Documents to change': 'not known',
    })
  })

  test('have the number of the plan, the version that a step brought back, and those concerned by name', async () => {
    const opened = await open('partial')
    const plan = {
      ...opened.plan,
      report: { number: 'DB-ROLLBACK', followUps: null },
      impact: { users: 'No search.', services: ['search', 'chat'], workaround: 'Words.', affected: 'tenants' },
    }
    await writeJson(objects, `${keys.seen(opened.run.incident)}tenants.json`, {
      at: at(9),
      rows: [
        { tenant: 'canary', client: 'sdk 1.0.0' },
        { tenant: 'other', client: 'standalone' },
      ],
    })
    await happened(opened.run, 'previous-version', 20, { detail: 'deployment back to 1.7.9' })
    await happened(opened.run, 'previous-version', 22, {
      detail: 'failed',
      error: { name: 'X.Y', category: 'failed' },
    })
    expect(fieldsOf(await report({ ...opened, plan }))).toMatchObject({
      Number: 'DB-ROLLBACK-20261121-030005',
      'Version in service': 'deployment back to 1.7.9',
      'Users affected': '2: canary (sdk 1.0.0), other (standalone)',
      'What they noticed': 'No search.',
      Services: 'search, chat',
      Workaround: 'Words.',
    })
  })

  test('name the scenario that was taken, and call a snapshot verified only of a run that came to its end', () => {
    const told = (more: Partial<RunReport>) => fieldsOf(fullReport(more))
    expect(told({ path: 'partial', scenario: 'provider-switch' }).Path).toBe('partial/provider-switch')
    expect(told({}).Backup).toMatch(/, sealed and verified$/)
    const problem = { state: 'Verify snapshot', error: 'Snapshot.PartCorrupt', cause: 'a part', fix: 'another' }
    expect(told({ problem }).Backup).toMatch(/, sealed$/)
  })

  test('stand in the report for a ticket', async () => {
    const text = renderMarkdown(await report(await open('flag')))
    expect(text).toContain('## Incident')
    expect(text).toContain('| Severity | CRITICAL |')
    expect(text).toContain('| Root cause | not known |')
  })
})

describe('what is to be done after an incident', () => {
  test('falls to people of the plan: the first of them where nobody has the role', async () => {
    const { followUps } = await report(await open('flag'))
    expect(followUps.map(({ role, due }) => [role, due])).toEqual([
      ['lead', at(5 + 3600)],
      ['lead', at(5 + 86_400)],
      ['lead', null],
    ])
  })

  test("is the plan's own list where it has one, with its roles and times", async () => {
    const opened = await open('flag')
    const followUps = [
      { do: 'Write a test.', role: 'lead', within: 86_400_000 as never },
      { do: 'Train the team.', role: 'lead' },
    ]
    const plan = { ...opened.plan, report: { number: null, followUps } }
    expect((await report({ ...opened, plan })).followUps).toEqual([
      { text: 'Write a test.', role: 'lead', due: at(5 + 86_400) },
      { text: 'Train the team.', role: 'lead', due: null },
    ])
  })
})
