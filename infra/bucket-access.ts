import type { StepKind } from '#core/steps/registry.ts'

/** Keys of the bucket, `*` for what differs from run to run. Who writes a key may read it too: conditional writes need it. */
export interface BucketAccess {
  readonly reads: readonly string[]
  readonly writes: readonly string[]
}

/** Answers to approvals are written by the function that asks AWS who is calling, and by nobody else, whatever the table below says. */
export const ANSWERS = 'incidents/*/approvals/*/answers/*'

/** What the database showed, and rows that were about to change: it may hold personal data, and has a key of its own. */
export const EVIDENCE_PREFIX = 'evidence/'
const EVIDENCE = 'evidence/*'
const SEEN = 'evidence/*/seen/*'

export const isEvidence = (pattern: string): boolean => pattern.startsWith(EVIDENCE_PREFIX)
export const writesEvidence = ({ writes }: BucketAccess): boolean => writes.some(isEvidence)

/** What the maps of the state machine read and leave. It goes after a while. */
export const MAP_RUNS_PREFIX = 'map-runs/'
const VERIFY_LIST = 'map-runs/*/verify/*.json'
/** The lists of parts that the state machine itself reads. */
export const PART_LISTS = ['snapshots/*/parts.json', 'restores/*/parts.json', VERIFY_LIST] as const
/** What it leaves there: each part, and how it ended. */
export const MAP_RESULTS = 'map-runs/*'

export const LEASE = 'leases/*.json'
/** Kill switches are thrown by people, with their own rights: no function may. */
export const SWITCH = 'switch/*.json'
/** What is read before each change. */
const MAY_CHANGE = [LEASE, SWITCH]
const INCIDENT = 'incidents/*/incident.json'
const COURSE = 'incidents/*/course.json'
const RUNS = 'runs/*'
const EVENTS = 'incidents/*/events/*'
const CHECKS = 'incidents/*/checks/*'
const MESSAGES = 'incidents/*/messages/*'
const APPROVALS = 'incidents/*/approvals/*'
const HUMAN = 'incidents/*/human/*'
const SNAPSHOTS = 'snapshots/*'
const RESTORES = 'restores/*'
const INDEXES = 'indexes/*'
const JOINED = 'incidents/*/joined/*'
const LOOKS = 'incidents/*/watch/*'
const RE_ENABLING = 'incidents/*/re-enable.json'
/** What was asked outside the database, for the functions in its network. */
const OUTSIDE = 'incidents/*/outside/*'
const BASELINES = 'baselines/*'
const DRILLS = 'drills/*'
/** The good state, written by CI before a deployment, with its own rights. */
const RECORDED = 'recorded/*'
const CHANGES = 'changes/*'
/** Which record an incident goes back to, and what its steps found. */
const CHOSEN = 'incidents/*/recorded.json'
const GOES_BACK = [CHOSEN, 'incidents/*/config/*']
/** What people are left to do. */
const LEFT_OPEN = 'incidents/*/left-open/*'
/** What steps found of a workload, and began with it. */
const PLATFORM = 'incidents/*/platform/*'
const RELIEF = 'relief/*'
/** Rows as they were: of those that change them alone, and of who writes the report. */
const CAPTURED = 'evidence/*/captured/*'

/** Takes the answers of people, and shows what they are asked. */
export const ANSWER_ACCESS: BucketAccess = {
  reads: [LEASE, 'incidents/*/incident.json', 'incidents/*/human/*', APPROVALS],
  writes: [ANSWERS, 'incidents/*/approvals/*/refused/*', 'incidents/*/decided/*'],
}

/** Every step inside a run writes its own event into the record. */
const inRun = (reads: readonly string[], writes: readonly string[] = []): BucketAccess => ({
  reads,
  writes: [EVENTS, ...writes],
})

/** What each kind of step touches, by the layout of the bucket. None deletes. */
export const BUCKET_ACCESS: Readonly<Record<StepKind, BucketAccess>> = {
  contain: { reads: [], writes: [] },
  'open-incident': {
    reads: ['incidents/*/report.json', DRILLS],
    writes: [
      LEASE,
      INCIDENT,
      JOINED,
      COURSE,
      RUNS,
      'breaker/*.json',
      // Of a run that is joined: what it does not do.
      LEFT_OPEN,
      // Ends a question about a path that a worse one replaces, and no other.
      'incidents/*/approvals/proceed/request.json',
      MESSAGES,
    ],
  },
  'safe-point': inRun([INCIDENT, APPROVALS, DRILLS], [COURSE, RUNS]),
  notify: inRun([INCIDENT, HUMAN, CHECKS], [MESSAGES]),
  'preserve-evidence': inRun([LEASE], [SEEN]),
  'follow-delivery': inRun([INCIDENT], [CHECKS]),
  'prove-delivery': inRun([INCIDENT], [CHECKS]),
  'prove-delivery-outside': inRun([INCIDENT], [CHECKS]),
  'drop-indexes': inRun([...MAY_CHANGE], [INDEXES]),
  migrate: inRun([...MAY_CHANGE]),
  'set-flag': inRun([...MAY_CHANGE], [PLATFORM]),
  'previous-version': inRun([...MAY_CHANGE, INCIDENT, RECORDED, CHANGES], [PLATFORM, CHOSEN]),
  restart: inRun([...MAY_CHANGE], [PLATFORM]),
  scale: inRun([...MAY_CHANGE, INCIDENT, RECORDED, CHANGES], [PLATFORM, CHOSEN]),
  'restore-config': inRun([...MAY_CHANGE, INCIDENT, RECORDED, CHANGES], GOES_BACK),
  throttle: inRun([...MAY_CHANGE], [RELIEF]),
  'parameter-group': inRun([...MAY_CHANGE, INCIDENT, RECORDED, CHANGES], [...GOES_BACK, LEFT_OPEN]),
  capacity: inRun([...MAY_CHANGE], [RELIEF]),
  'rds-snapshot': inRun([...MAY_CHANGE]),
  'run-command': inRun([...MAY_CHANGE], ['incidents/*/commands/*', 'evidence/*/command-*']),
  webhook: inRun([...MAY_CHANGE, INCIDENT], ['incidents/*/calls/*']),
  capture: inRun([], [CAPTURED]),
  drain: inRun([...MAY_CHANGE], [CAPTURED, 'incidents/*/drains/*']),
  'run-sql': inRun([...MAY_CHANGE], [CAPTURED]),
  retire: inRun([...MAY_CHANGE], ['retirements/*']),
  'list-parts': inRun([...MAY_CHANGE], ['snapshots/*/parts.json']),
  'snapshot-part': inRun([], ['snapshots/*/parts/*']),
  'seal-snapshot': inRun([...MAY_CHANGE, SNAPSHOTS], ['snapshots/*/manifest.json']),
  'verify-snapshot': inRun([SNAPSHOTS], [VERIFY_LIST]),
  'verify-part': inRun([SNAPSHOTS]),
  'choose-purge': inRun([SNAPSHOTS]),
  'ask-approval': inRun([INCIDENT, COURSE], ['incidents/*/approvals/*/request.json', MESSAGES]),
  purge: inRun([...MAY_CHANGE, SNAPSHOTS, APPROVALS], ['incidents/*/purged.json']),
  'choose-restore': inRun([INCIDENT, SNAPSHOTS, RESTORES]),
  'undo-retire': inRun([...MAY_CHANGE]),
  'prepare-restore': inRun([...MAY_CHANGE, SNAPSHOTS, RESTORES], ['restores/*/parts.json']),
  'load-part': inRun([...MAY_CHANGE, SNAPSHOTS, RESTORES]),
  'add-constraints': inRun([...MAY_CHANGE, SNAPSHOTS, RESTORES]),
  'build-indexes': inRun([...MAY_CHANGE, SNAPSHOTS, RESTORES], [INDEXES]),
  'compare-restore': inRun([...MAY_CHANGE, SNAPSHOTS, RESTORES]),
  'set-aside': inRun([...MAY_CHANGE, SNAPSHOTS], ['incidents/*/replaced.json', 'retirements/*']),
  'put-back': inRun([...MAY_CHANGE, SNAPSHOTS]),
  'swap-in': inRun([...MAY_CHANGE, SNAPSHOTS, APPROVALS], ['restores/*/restored.json', INDEXES]),
  'verify-outside': inRun([...MAY_CHANGE, JOINED, RE_ENABLING, BASELINES], [OUTSIDE, 'incidents/*/test-data/*']),
  verify: inRun([OUTSIDE, BASELINES], [CHECKS]),
  watch: inRun([OUTSIDE, BASELINES], [LOOKS]),
  gate: inRun([CHECKS, LOOKS, DRILLS]),
  're-enable': inRun([...MAY_CHANGE, APPROVALS, JOINED, DRILLS, INCIDENT], [RE_ENABLING, MESSAGES]),
  'needs-human': inRun([INCIDENT], [HUMAN, 'unopened/*', MESSAGES]),
  report: inRun(
    ['incidents/*', EVIDENCE, SNAPSHOTS, 'retirements/*', RELIEF],
    ['incidents/*/report.*', COURSE, MESSAGES, LEASE, DRILLS],
  ),
}

/** What deciding touches: it keeps what it decided and heard, and reads what was changed and drilled. */
export const ON_ALARM_ACCESS: BucketAccess = {
  reads: [DRILLS],
  writes: ['decisions/*', 'alarms/*', 'changes/*'],
}

/** What some probes are compared with. */
export const PROBE_ACCESS: BucketAccess = { reads: [BASELINES], writes: [] }

/** Looks at what goes stale. Names and sizes of parts it gets by listing; their content it may not read. */
export const HEALTH_ACCESS: BucketAccess = { reads: [DRILLS, 'decisions/*'], writes: [] }

/** Looks at what is open, and writes down what it sent. */
export const REMIND_ACCESS: BucketAccess = { reads: [LEASE, 'incidents/*', 'unopened/*'], writes: [MESSAGES] }
