import { expect, test } from 'vitest'
import { s3Objects } from '#aws/objects.ts'
import { keepPassed } from '#cli/drill-record.ts'
import { readDrill } from '#core/decide/drill.ts'
import type { PlanName } from '#core/names.ts'
import type { Milliseconds } from '#core/plan/duration.ts'
import { drillPassed } from '#core/re-enable/last-drill.ts'
import { createBucket, useEndpoints } from '#test/support/endpoints.ts'
import { drillReport } from '#test/support/report-drill.ts'

const current = useEndpoints()

test('a drill that passed is kept in the bucket of the environment, by path and at the time of its end; another is not', async () => {
  await createBucket(current().endpoints.url, 'rollback-prod')
  const place = { bucket: 'rollback-prod', environment: 'prod' }
  const objects = s3Objects('rollback-prod')
  const report = drillReport()
  const path = report.runs[0]?.report.path ?? ''
  await keepPassed({ ...report, outcome: 'needs-human' }, place)
  await keepPassed({ ...report, outcome: 'drill-passed' }, {})
  expect(await readDrill(objects, report.plan, path)).toBeNull()
  await keepPassed({ ...report, outcome: 'drill-passed' }, place)
  expect(await readDrill(objects, report.plan, path)).toMatchObject({
    plan: report.plan,
    path,
    createdAt: report.createdAt,
  })
  // The record that the gate before re-enabling reads.
  const limit = 60_000 as Milliseconds
  const now = new Date(report.createdAt)
  expect(await drillPassed(objects, report.plan as PlanName, { limit, now })).toBe(true)
  expect(await readDrill(objects, 'other', path)).toBeNull()
})
