import { z } from 'zod'
import { keys } from '#core/incident/keys.ts'
import type { Run } from '#core/incident/run.ts'
import { readAllJson } from '#core/json.ts'
import type { PlanName, RetirementId } from '#core/names.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Objects } from '#core/ports.ts'
import type { RunReport } from '#core/report/model.ts'
import { snapshotOf } from '#core/snapshot/keys.ts'
import { findManifest } from '#core/snapshot/manifest.ts'

const Kept = z.looseObject({
  id: z.string(),
  retiredAt: z.string(),
  tables: z.array(
    z.looseObject({ definition: z.looseObject({ table: z.object({ schema: z.string(), name: z.string() }) }) }),
  ),
})

/** The newest retirement of the plan and its snapshot, as the bucket has them. */
export const kept = async (
  objects: Objects,
  run: Run,
  plan: Plan,
  environment: string,
): Promise<Pick<RunReport, 'retirement' | 'snapshot'>> => {
  if (run.path === 'flag' || run.path === 'partial') return { retirement: null, snapshot: null }
  const records = (await readAllJson(objects, keys.retirements(run.plan))).map(({ value }) => Kept.parse(value))
  const newest = records.sort((a, b) => Date.parse(b.retiredAt) - Date.parse(a.retiredAt))[0]
  if (!newest) return { retirement: null, snapshot: null }
  const id = snapshotOf(newest.id as RetirementId)
  // A snapshot that cannot be trusted is none; whoever needs it says why.
  const found = await findManifest(objects, { plan: run.plan as PlanName, snapshot: id, environment }).catch(() => null)
  // A live one under this name holds other rows than those that were retired.
  const manifest = found?.consistency === 'retired' ? found : null
  const due = plan.paths.full?.purge.after
  return {
    retirement: {
      id: newest.id,
      tables: newest.tables.map(({ definition }) => definition.table),
      retiredAt: newest.retiredAt,
      undo: JSON.stringify({ plan: run.plan, path: 'restore', reason: `undo of ${newest.id}` }),
      purgeDue: due === undefined ? null : new Date(Date.parse(newest.retiredAt) + due).toISOString(),
    },
    snapshot: manifest && {
      id,
      tables: manifest.tables.map(({ schema, name, rows, bytes, sha256 }) => ({ schema, name, rows, bytes, sha256 })),
      sealedAt: manifest.createdAt,
    },
  }
}
