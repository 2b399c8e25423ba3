import { randomBytes } from 'node:crypto'
import { RollbackError } from '#core/errors.ts'
import type { IncidentId, PlanName, RetirementId, SnapshotId } from '#core/names.ts'

/** What may stand between two slashes of a key. */
const SEGMENT = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/

export const isSegment = (value: string): boolean => SEGMENT.test(value)

/** Refuses what would leave the folder that a key is meant for. Throws `Snapshot.BadName`. */
export const keySegment = (value: string): string => {
  if (isSegment(value)) return value
  throw new RollbackError('Snapshot.BadName', `"${value}" cannot be part of a key in the bucket.`, {
    fix: 'Use letters, digits, ".", "_" and "-", at most 128 of them.',
    category: 'usage',
  })
}

/** A retirement has one snapshot, named after it, so that a second try continues the first. */
export const snapshotOf = (retirement: RetirementId): SnapshotId => keySegment(retirement) as string as SnapshotId

/** A live snapshot is of no retirement; its name says when it was begun. */
export const newLiveSnapshot = (now: Date): SnapshotId =>
  `live-${now.toISOString().replaceAll(/[-:]|\.\d+/g, '')}-${randomBytes(3).toString('hex')}` as SnapshotId
/** Of the form that `newLiveSnapshot` gives; a retirement that was named by hand may have it too. */
export const looksLive = (snapshot: SnapshotId): boolean => /^live-\d{8}T\d{6}Z-[0-9a-f]{6}$/.test(snapshot)

/** All snapshots of all plans lie below this. */
export const SNAPSHOTS = 'snapshots/'
/** All snapshots of a plan lie below this. */
export const snapshotsPrefix = (plan: PlanName): string => `${SNAPSHOTS}${keySegment(plan)}/`
export const snapshotPrefix = (plan: PlanName, snapshot: SnapshotId): string =>
  `${snapshotsPrefix(plan)}${keySegment(snapshot)}/`

export const partsKey = (plan: PlanName, snapshot: SnapshotId): string => `${snapshotPrefix(plan, snapshot)}parts.json`
export const manifestKey = (plan: PlanName, snapshot: SnapshotId): string =>
  `${snapshotPrefix(plan, snapshot)}manifest.json`
export const isManifestKey = (key: string): boolean => key.endsWith('/manifest.json')
export const partKey = (plan: PlanName, snapshot: SnapshotId, index: number): string =>
  `${snapshotPrefix(plan, snapshot)}parts/${String(index).padStart(6, '0')}.copy.zst`
/** What was written into a part, beside it and after it. */
export const sidecarKey = (part: string): string => `${part}.json`

/** What the maps of the state machine read and leave; nothing else looks at it, and it goes after a while. */
export const MAP_RUNS = 'map-runs/'
/** The parts of a sealed snapshot, to be read again. */
export const verifyKey = (incident: IncidentId, snapshot: SnapshotId): string =>
  `${MAP_RUNS}${keySegment(incident)}/verify/${keySegment(snapshot)}.json`
