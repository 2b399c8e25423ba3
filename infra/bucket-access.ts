import type { StepKind } from '#core/steps/registry.ts'

/** Keys of the bucket, `*` for what differs from run to run. Who writes a key may read it too: conditional writes need it. */
export interface BucketAccess {
  readonly reads: readonly string[]
  readonly writes: readonly string[]
}

/** Answers to approvals are written by people, with their own rights: no function may, whatever the table below says. */
export const ANSWERS = 'incidents/*/approvals/*/answers/*'

/** The lists of parts that the state machine itself reads. */
export const PART_LISTS = ['snapshots/*/parts.json', 'restores/*/parts.json'] as const

const LEASE = 'leases/*.json'
const INCIDENT = 'incidents/*/incident.json'
const COURSE = 'incidents/*/course.json'
const RUNS = 'runs/*'
const EVENTS = 'incidents/*/events/*'
const MESSAGES = 'incidents/*/messages/*'
const APPROVALS = 'incidents/*/approvals/*'
const SNAPSHOTS = 'snapshots/*'
const RESTORES = 'restores/*'
const INDEXES = 'indexes/*'
const JOINED = 'incidents/*/joined/*'
const CHECKS = 'incidents/*/checks/*'
const LOOKS = 'incidents/*/watch/*'
const RE_ENABLING = 'incidents/*/re-enable.json'
const DRILLS = 'drills/*'

/** Every step inside a run writes its own event into the record. */
const inRun = (reads: readonly string[], writes: readonly string[] = []): BucketAccess => ({
  reads,
  writes: [EVENTS, ...writes],
})

/** What each kind of step touches, by the layout of the bucket. None deletes. */
export const BUCKET_ACCESS: Readonly<Record<StepKind, BucketAccess>> = {
  contain: { reads: [], writes: [] },
  'open-incident': {
    reads: ['incidents/*/report.json'],
    writes: [
      LEASE,
      INCIDENT,
      JOINED,
      COURSE,
      RUNS,
      'breaker/*.json',
      // Ends a question about a path that a worse one replaces, and no other.
      'incidents/*/approvals/proceed/request.json',
      MESSAGES,
    ],
  },
  'safe-point': inRun([], [COURSE, RUNS]),
  notify: inRun([INCIDENT], [MESSAGES]),
  'preserve-evidence': inRun([], ['incidents/*/evidence/*']),
  'drop-indexes': inRun([LEASE], [INDEXES]),
  'run-sql': inRun([LEASE]),
  'set-flag': inRun([LEASE]),
  retire: inRun([LEASE], ['retirements/*']),
  'list-parts': inRun([LEASE], ['snapshots/*/parts.json']),
  'snapshot-part': inRun([], ['snapshots/*/parts/*']),
  'seal-snapshot': inRun([LEASE, SNAPSHOTS], ['snapshots/*/manifest.json']),
  'verify-snapshot': inRun([SNAPSHOTS]),
  'choose-purge': inRun([SNAPSHOTS]),
  'ask-approval': inRun([INCIDENT, COURSE], ['incidents/*/approvals/*/request.json', MESSAGES]),
  purge: inRun([LEASE, SNAPSHOTS, APPROVALS], ['incidents/*/purged.json']),
  'choose-restore': inRun([INCIDENT, SNAPSHOTS, RESTORES]),
  'undo-retire': inRun([LEASE]),
  'prepare-restore': inRun([LEASE, SNAPSHOTS, RESTORES], ['restores/*/parts.json']),
  'load-part': inRun([LEASE, SNAPSHOTS, RESTORES]),
  'add-constraints': inRun([LEASE, SNAPSHOTS, RESTORES]),
  'build-indexes': inRun([LEASE, SNAPSHOTS, RESTORES], [INDEXES]),
  'compare-restore': inRun([LEASE, SNAPSHOTS, RESTORES]),
  'set-aside': inRun([LEASE, SNAPSHOTS], ['incidents/*/replaced.json', 'retirements/*']),
  'put-back': inRun([LEASE, SNAPSHOTS]),
  'swap-in': inRun([LEASE, SNAPSHOTS, APPROVALS], ['restores/*/restored.json', INDEXES]),
  verify: inRun([], [CHECKS]),
  watch: inRun([JOINED, RE_ENABLING], [LOOKS]),
  gate: inRun([CHECKS, LOOKS, DRILLS]),
  're-enable': inRun([LEASE, APPROVALS, JOINED, DRILLS, INCIDENT], [RE_ENABLING, MESSAGES]),
  'needs-human': inRun([INCIDENT], ['incidents/*/human/*', MESSAGES]),
  report: inRun(['incidents/*', SNAPSHOTS, 'retirements/*'], ['incidents/*/report.*', COURSE, MESSAGES, LEASE, DRILLS]),
}

/** What deciding touches: it keeps what it decided and heard, and reads what was changed and drilled. */
export const ON_ALARM_ACCESS: BucketAccess = {
  reads: [DRILLS],
  writes: ['decisions/*', 'alarms/*', 'changes/*'],
}
