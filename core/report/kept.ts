import { z } from 'zod'
import { keys } from '#core/incident/keys.ts'
import type { Run } from '#core/incident/run.ts'
import { readAllJson, readJson } from '#core/json.ts'
import type { PlanName, RetirementId, SnapshotId } from '#core/names.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Objects } from '#core/ports.ts'
import type { RunReport } from '#core/report/model.ts'
import { snapshotOf } from '#core/snapshot/keys.ts'
import { findManifest } from '#core/snapshot/manifest.ts'

const Kept = z.looseObject({
  id: z.string(),
  retiredAt: z.string(),
  replacedBy: z.string().nullable().optional(),
  tables: z.array(
    z.looseObject({ definition: z.looseObject({ table: z.object({ schema: z.string(), name: z.string() }) }) }),
  ),
})

const Purged = z.looseObject({ retirement: z.string() })

/**
 * The retirement that a run is about and its snapshot, as the bucket has them: the one that was purged, else the newest of a
 * full rollback; the snapshot that was asked for counts more than that.
 */
export const kept = async (
  objects: Objects,
  run: Run,
  plan: Plan,
  { environment, asked }: { environment: string; asked: string | null },
): Promise<Pick<RunReport, 'retirement' | 'snapshot'>> => {
  if (run.path === 'flag' || run.path === 'partial') return { retirement: null, snapshot: null }
  const records = (await readAllJson(objects, keys.retirements(run.plan))).map(({ value }) => Kept.parse(value))
  const sorted = records.sort((a, b) => Date.parse(b.retiredAt) - Date.parse(a.retiredAt))
  const purge = await readJson(objects, keys.purged(run.incident))
  const purged = purge && Purged.parse(purge.value).retirement
  const newest =
    sorted.find(({ id }) => id === purged) ?? sorted.find(({ replacedBy }) => replacedBy === undefined) ?? null
  // A snapshot that was asked for by name needs no retirement: it may be the backup of tables that were lost.
  const id = asked === null ? newest && snapshotOf(newest.id as RetirementId) : (asked as SnapshotId)
  if (id === null) return { retirement: null, snapshot: null }
  // A snapshot that cannot be trusted is none; whoever needs it says why.
  const found = await findManifest(objects, { plan: run.plan as PlanName, snapshot: id, environment }).catch(() => null)
  // A live one under the name of a retirement holds other rows than those that were retired.
  const manifest = asked !== null || found?.consistency === 'retired' ? found : null
  const due = plan.paths.full?.purge.after
  return {
    retirement: newest && {
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
