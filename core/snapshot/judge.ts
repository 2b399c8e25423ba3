import { isRollbackError } from '#core/errors.ts'
import { keys } from '#core/incident/keys.ts'
import { findLease } from '#core/incident/lease.ts'
import type { PlanName, RetirementId, SnapshotId } from '#core/names.ts'
import type { Objects, Session, SweptObjects, UnfinishedUpload } from '#core/ports.ts'
import { isOpen } from '#core/retire/record.ts'
import { findRetirement } from '#core/retire/records.ts'
import { folderOf, listFolders, type SnapshotFolder } from '#core/snapshot/folders.ts'
import { looksLive, manifestKey, SNAPSHOTS, snapshotsPrefix } from '#core/snapshot/keys.ts'

export interface Judgement {
  readonly verdict: 'keep' | 'sweep'
  readonly why: string
}

export interface SweepRules {
  /** Of this plan only. */
  readonly plan?: PlanName
  /** Milliseconds since the newest object was written. */
  readonly olderThan: number
  readonly now: Date
  /** A session of the plan's own database, proven to be it; `null` where there is none, or it is another's. */
  readonly sessionOf: (plan: PlanName) => Promise<Session | null>
}

export type JudgedFolder = SnapshotFolder & Judgement
export type JudgedUpload = UnfinishedUpload & Judgement

const keep = (why: string): Judgement => ({ verdict: 'keep', why })
const sweep = (why: string): Judgement => ({ verdict: 'sweep', why })

/** Says of every folder and unfinished upload whether it may go, and why. What nobody can know is kept. */
export async function judgeAll(
  objects: SweptObjects,
  rules: SweepRules,
): Promise<{ folders: JudgedFolder[]; uploads: JudgedUpload[] }> {
  const folders: JudgedFolder[] = []
  for (const folder of await listFolders(objects, rules.plan)) {
    folders.push({ ...folder, ...(await judgeFolder(objects, folder, rules)) })
  }
  const uploads: JudgedUpload[] = []
  for await (const upload of objects.uploads(rules.plan === undefined ? SNAPSHOTS : snapshotsPrefix(rules.plan))) {
    uploads.push({ ...upload, ...(await judgeUpload(objects, upload, rules)) })
  }
  return { folders, uploads }
}

/** Reads anew what may have changed: once before it is shown, once before it is done. */
export async function judgeFolder(objects: Objects, folder: SnapshotFolder, rules: SweepRules): Promise<Judgement> {
  const { plan, snapshot, newest } = folder
  if (folder.keys.includes(manifestKey(plan, snapshot)) || (await objects.head(manifestKey(plan, snapshot)))) {
    return keep('it has a manifest: it is a snapshot')
  }
  const underWay = await workUnderWay(objects, plan, newest, rules)
  if (underWay) return keep(underWay)
  const retirement = await retirementState(objects, { plan, snapshot }, rules)
  switch (retirement) {
    case 'open':
      return keep('its retirement is open: the path full goes on with it')
    case 'unknown':
      return keep('nobody can tell here whether it is of an open retirement: give the database of the plan')
    case 'closed':
      return sweep('it has no manifest, and its retirement was undone or purged')
    case 'none':
      return sweep('it has no manifest, and nothing goes on with it')
  }
}

/** An unfinished upload is no object: that of a sealed snapshot was left by a try before the one that succeeded. */
async function judgeUpload(objects: Objects, upload: UnfinishedUpload, rules: SweepRules): Promise<Judgement> {
  const folder = folderOf(upload.key)
  if (!folder) return keep('it is of no snapshot')
  const underWay = await workUnderWay(objects, folder.plan, upload.startedAt, rules)
  return underWay ? keep(underWay) : sweep('it was never completed, and nobody goes on with it')
}

async function workUnderWay(
  objects: Objects,
  plan: PlanName,
  newest: Date,
  { now, olderThan }: SweepRules,
): Promise<string | null> {
  if (now.getTime() - newest.getTime() < olderThan) return 'it may be under way: it is not old enough'
  try {
    const lease = await findLease(objects, plan)
    return lease && !lease.released ? `run "${lease.incident}" holds the lease of the plan` : null
  } catch (error) {
    // A bucket that does not answer is not a lease that cannot be read.
    if (isRollbackError(error)) throw error
    return 'the lease of the plan cannot be read'
  }
}

/**
 * Whether a folder is of a retirement. `none`: of none that anybody knows of. Without the database only what has the name
 * of a live snapshot, and no record of a retirement, is surely of none.
 */
async function retirementState(
  objects: Objects,
  { plan, snapshot }: { plan: PlanName; snapshot: SnapshotId },
  { sessionOf }: SweepRules,
): Promise<'open' | 'closed' | 'none' | 'unknown'> {
  const recorded = (await objects.head(keys.retirement(plan, snapshot))) !== null
  if (looksLive(snapshot) && !recorded) return 'none'
  const session = await sessionOf(plan)
  if (!session) return 'unknown'
  const found = await findRetirement(session, snapshot as string as RetirementId)
  if (found) return isOpen(found) ? 'open' : 'closed'
  // The bucket knows of it and the database does not: perhaps it is another copy of the database.
  return recorded ? 'unknown' : 'none'
}
