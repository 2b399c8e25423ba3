import { postgres } from '#aws/postgres.ts'
import { readJson } from '#core/json.ts'
import type { IncidentId, PlanName, SnapshotId } from '#core/names.ts'
import type { Objects, Session } from '#core/ports.ts'
import { buildIndex } from '#core/restore/build-index.ts'
import { compareRestore } from '#core/restore/compare.ts'
import { finishLoad } from '#core/restore/finish-load.ts'
import { loadPart } from '#core/restore/load-part.ts'
import { RestoreItem } from '#core/restore/part.ts'
import { prepareRestore } from '#core/restore/prepare.ts'
import { listRestoreIndexes } from '#core/restore/restore-indexes.ts'
import type { Retirement } from '#core/retire/record.ts'
import { PartItem } from '#core/snapshot/part.ts'
import { planParts } from '#core/snapshot/plan-parts.ts'
import { sealSnapshot } from '#core/snapshot/seal.ts'
import { snapshotPart } from '#core/snapshot/snapshot-part.ts'
import { realClock as clock } from '#test/support/clock.ts'

const environment = 'bench'
const PART_BYTES = 64 * 1024 ** 2

/** The restore of a retirement's snapshot, in a bucket of its own. */
export const restoreOf = ({ plan, id }: Retirement) => ({
  plan: plan as PlanName,
  incident: 'bench-restore' as IncidentId,
  snapshot: id as string as SnapshotId,
  environment,
})

/** Snapshots the retired tables, and restores them into the side schema, compared and ready to be swapped in. */
export const restoreAside = async (url: string, objects: Objects, retirement: Retirement): Promise<void> => {
  const database = postgres({ url })
  const session = <T>(work: (session: Session) => Promise<T>): Promise<T> =>
    database.session({ applicationName: 'vector-rollback:bench', statementTimeout: 0 }, work)
  const input = restoreOf(retirement)

  const parts = await session((s) => planParts(s, objects, { retirement, partBytes: PART_BYTES }))
  for (const item of PartItem.array().parse((await readJson(objects, parts.key))?.value))
    await session((s) => snapshotPart(s, objects, item))
  await session((s) => sealSnapshot(s, objects, { retirement, environment, database: database.label, clock }))

  const prepared = await session((s) => prepareRestore(s, objects, { ...input, createExtension: false }))
  for (const item of RestoreItem.array().parse((await readJson(objects, prepared.key))?.value))
    await session((s) => loadPart(s, objects, item))
  await session((s) => finishLoad(s, objects, input))
  const build = { applicationName: 'vector-rollback:bench', waitMs: 600_000, memoryBudget: 2 ** 30, workers: 1 }
  for (const index of await session((s) => listRestoreIndexes(s, objects, input)))
    await session((s) => buildIndex(s, index, build))
  await session((s) => compareRestore(s, objects, input))
}
