import { expandTrees } from '#core/ddl/trees.ts'
import { findUncapturable } from '#core/ddl/unsupported.ts'
import { readJson } from '#core/json.ts'
import type { IncidentId, PlanName, RetirementId, SnapshotId, Table } from '#core/names.ts'
import type { Database, Objects, Session } from '#core/ports.ts'
import { purge } from '#core/purge/purge.ts'
import { choosePurge } from '#core/purge/subject.ts'
import { buildIndex } from '#core/restore/build-index.ts'
import { compareRestore } from '#core/restore/compare.ts'
import { finishLoad } from '#core/restore/finish-load.ts'
import { loadPart } from '#core/restore/load-part.ts'
import { RestoreItem } from '#core/restore/part.ts'
import { prepareRestore } from '#core/restore/prepare.ts'
import { listRestoreIndexes } from '#core/restore/restore-indexes.ts'
import { swapIn } from '#core/restore/swap-in.ts'
import { retire } from '#core/retire/retire.ts'
import { undoRetire } from '#core/retire/undo.ts'
import { readManifest } from '#core/snapshot/manifest.ts'
import { PartItem } from '#core/snapshot/part.ts'
import { planParts } from '#core/snapshot/plan-parts.ts'
import { sealSnapshot } from '#core/snapshot/seal.ts'
import { snapshotPart } from '#core/snapshot/snapshot-part.ts'
import { verifySnapshot } from '#core/snapshot/verify.ts'
import { realClock as clock } from '#test/support/clock.ts'

const plan = 'generated' as PlanName
const environment = 'test'
/** Several parts for a few hundred rows. */
const PART_BYTES = 16_384

/** Where tables go round. */
export interface Place {
  readonly database: Database
  readonly objects: Objects
  readonly tables: readonly Table[]
}

const session = <T>({ database }: Place, work: (session: Session) => Promise<T>): Promise<T> =>
  database.session({ applicationName: 'vector-rollback:generated:1:test' }, work)

const list = async <T>({ objects }: Place, key: string, parse: (value: unknown) => T): Promise<T> =>
  parse((await readJson(objects, key))?.value)

/** As somebody writes them into a plan who has read its preview. */
const dependents = (place: Place): Promise<string[]> =>
  session(place, async (s) => {
    const found = await findUncapturable(s, await expandTrees(s, place.tables))
    return found.map(({ object }) => object).filter((object) => /^(view|materialized view|publication) /.test(object))
  })

/** Out of reach, and back. */
export async function thereAndBack(place: Place): Promise<void> {
  const { tables } = place
  const retirement = 'inc-undone' as RetirementId
  const allow = await dependents(place)
  await session(place, (s) => retire(s, { plan, retirement, tables, allow, clock }))
  const undone = await session(place, (s) => undoRetire(s, { retirement, clock }))
  requireNothing('undo', undone.lostForeignKeys, undone.unvalidatedForeignKeys, undone.lostRoles)
}

/** Out of reach, into the bucket, destroyed, and back from there. Gives the number of parts. */
export async function purgedAndRestored(place: Place): Promise<number> {
  const { tables, objects, database } = place
  const incident = 'inc-purged'
  const name = { plan, snapshot: incident as SnapshotId, environment }
  const allow = await dependents(place)
  const { retirement } = await session(place, (s) =>
    retire(s, { plan, retirement: incident as RetirementId, tables, allow, clock }),
  )
  const planned = await session(place, (s) => planParts(s, objects, { retirement, partBytes: PART_BYTES }))
  const items = await list(place, planned.key, (value) => PartItem.array().parse(value))
  await session(place, async (s) => {
    for (const item of items) await snapshotPart(s, objects, item)
  })
  await session(place, (s) => sealSnapshot(s, objects, { retirement, environment, database: database.label, clock }))
  await verifySnapshot(objects, await readManifest(objects, name), { depth: 'digests' })
  // The database stamps with its own clock.
  const now = new Date(Date.now() + 60_000)
  const subject = await session(place, (s) => choosePurge(s, objects, { plan, environment, retention: 0, now }))
  await session(place, (s) => purge(s, objects, { subject, environment, clock, locks: {} }))
  await restore(place, { ...name, incident: 'inc-restored' as IncidentId })
  return items.length
}

async function restore(
  place: Place,
  name: { plan: PlanName; incident: IncidentId; snapshot: SnapshotId; environment: string },
): Promise<void> {
  const { objects } = place
  const prepared = await session(place, (s) => prepareRestore(s, objects, { ...name, createExtension: false }))
  const items = await list(place, prepared.key, (value) => RestoreItem.array().parse(value))
  await session(place, async (s) => {
    for (const item of items) await loadPart(s, objects, item)
  })
  await session(place, (s) => finishLoad(s, objects, name))
  const options = { applicationName: 'vector-rollback:generated:1:build', memoryBudget: 2 ** 30, workers: 0 }
  for (const index of await session(place, (s) => listRestoreIndexes(s, objects, name))) {
    await session(place, (s) => buildIndex(s, index, { ...options, waitMs: 60_000 }))
  }
  await session(place, (s) => compareRestore(s, objects, name))
  const swapped = await session(place, (s) => swapIn(s, objects, { ...name, clock, locks: {} }))
  requireNothing('restore', swapped.unvalidated)
}

function requireNothing(what: string, ...lists: readonly (readonly unknown[])[]): void {
  const left = lists.flat()
  if (left.length > 0) throw new Error(`The ${what} left something out: ${JSON.stringify(left)}`)
}
