import { expect, test } from 'vitest'
import type { Run } from '#core/incident/run.ts'
import { loadPlan } from '#core/plan/load.ts'
import { kept } from '#core/report/kept.ts'
import { planFolder } from '#test/core/plan/folder.ts'
import { ENVIRONMENT, PLAN, sweptBucket, writeSealed } from '#test/core/snapshot/folders-in-bucket.ts'

test('a restore of a snapshot by its name tells of that snapshot, also where nothing lies retired', async () => {
  const { objects } = await sweptBucket()
  const { snapshot } = await writeSealed(objects, 'live-20261121T031207Z-0a1b2c')
  const run = { plan: PLAN as string, incident: 'restore-1', path: 'restore' } as Run
  const plan = await loadPlan(await planFolder())
  const of = (asked: string | null) => kept(objects, run, plan, { environment: ENVIRONMENT, asked })
  expect(await of(snapshot)).toMatchObject({ retirement: null, snapshot: { id: snapshot, tables: [{ rows: 30 }] } })
  expect(await of(null)).toEqual({ retirement: null, snapshot: null })
})
