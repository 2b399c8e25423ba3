import { RunReport } from '#core/report/model.ts'
import { after, CLOSING, FULL, OPENING, sha, visited } from '#test/support/report-visits.ts'

/** A run as a report tells it: the full path of `plans/pgvector-search` in production, every check passed. */
export const fullReport = (changes: Partial<RunReport> = {}): RunReport =>
  RunReport.parse({
    version: 1,
    outcome: 'rolled-back',
    plan: 'pgvector-search',
    planTitle: 'pgvector semantic search',
    planDigest: sha('plan'),
    path: 'full',
    incident: 'pgvector-search-20261121T031207-9f3c21',
    execution: 'arn:aws:states:eu-central-1:111122223333:execution:rollback:pgvector-search-20261121T031207-9f3c21',
    environment: 'prod',
    drill: false,
    reason: 'A query on the vector tables has been running for more than 30 seconds.',
    startedBy: { kind: 'alarm', detail: 'pgvector-search-query-timeout-prod' },
    signal: { name: 'query-timeout', severity: 'critical', alarm: 'pgvector-search-query-timeout-prod', at: after(0) },
    states: visited(FULL),
    steps: [
      {
        kind: 'contain',
        startedAt: after(900),
        changed: true,
        ms: 3_310,
        detail: 'VECTOR_SEARCH_ENABLED is "false" (was "true"); the application obeyed after 4.2 s',
      },
      {
        kind: 'preserve-evidence',
        startedAt: after(5_006),
        changed: true,
        ms: 1_824,
        detail: '6 of 7 records kept; 1 could not be read',
      },
      {
        kind: 'retire',
        startedAt: after(6_852),
        changed: true,
        ms: 1_266,
        detail: '2 tables moved to rollback_retired; locks were held for 38 ms',
      },
      { kind: 'list-parts', startedAt: after(8_118), changed: true, ms: 342, detail: '4 parts of 2 tables' },
      { kind: 'snapshot-part', startedAt: after(8_460), changed: true, ms: 48_220, detail: '4 parts, 671 MB' },
      {
        kind: 'seal-snapshot',
        startedAt: after(56_680),
        changed: true,
        ms: 910,
        detail: 'manifest written; counts agree',
      },
      {
        kind: 'verify-snapshot',
        startedAt: after(57_590),
        changed: false,
        ms: 14_300,
        detail: 'every digest agrees with the manifest',
      },
      { kind: 'verify', startedAt: after(71_894), changed: false, ms: 1_940, detail: '6 of 6 checks pass' },
    ],
    checks: [
      {
        name: 'flag-is-off',
        status: 'pass',
        detail: '/app/prod/VECTOR_SEARCH_ENABLED is "false"',
        describe: 'The flag has its safe value.',
      },
      { name: 'machines-readable', status: 'pass', detail: '1 row', describe: 'The application reads machines.' },
      {
        name: 'machine-search-answers',
        status: 'pass',
        detail: '3 rows',
        describe: 'Text search over machines, which is left after a full rollback, answers the canary tenant.',
      },
      {
        name: 'tables-out-of-sight',
        status: 'pass',
        detail: 'true',
        describe: 'The catalogue has no embeddings and no document_chunks in public.',
      },
      {
        name: 'embeddings-undefined',
        status: 'pass',
        detail: 'error 42P01',
        describe: 'To the application, on a working connection, embeddings is an undefined table.',
      },
      { name: 'extension-kept', status: 'pass', detail: '1 row', describe: 'The extension vector is installed.' },
    ],
    snapshot: {
      id: '20261121T031215-full-9f3c21',
      tables: [
        { schema: 'public', name: 'document_chunks', rows: 98_304, bytes: 58_720_256, sha256: sha('chunks') },
        { schema: 'public', name: 'embeddings', rows: 98_304, bytes: 612_368_384, sha256: sha('embeddings') },
      ],
      sealedAt: after(57_590),
    },
    retirement: {
      id: 'pgvector-search-20261121T031207-9f3c21',
      tables: [
        { schema: 'public', name: 'document_chunks' },
        { schema: 'public', name: 'embeddings' },
      ],
      retiredAt: after(8_100),
      undo: 'vector-rollback start pgvector-search --path restore --reason "…"',
      purgeDue: after(7 * 86_400_000),
    },
    approvals: [],
    evidence: [
      {
        name: 'running-queries',
        key: 'evidence/pgvector-search-20261121T031207-9f3c21/running-queries.json',
        status: 'kept',
        detail: '14 sessions, literals redacted',
      },
      {
        name: 'locks',
        key: 'evidence/pgvector-search-20261121T031207-9f3c21/locks.json',
        status: 'kept',
        detail: '31 locks',
      },
      {
        name: 'index-states',
        key: 'evidence/pgvector-search-20261121T031207-9f3c21/index-states.json',
        status: 'kept',
        detail: '5 indexes, 1 hnsw',
      },
      {
        name: 'replication-slots',
        key: null,
        status: 'unknown',
        detail: 'permission denied for view pg_replication_slots',
      },
    ],
    notifications: [
      { event: 'started', subject: 'pgvector-search prod: full rollback started', delivered: true, at: after(5_000) },
      {
        event: 'rolled-back',
        subject: 'pgvector-search prod: full rollback done',
        delivered: false,
        at: after(134_400),
      },
    ],
    problem: null,
    budgets: [
      { name: 'contained', limitMs: 60_000, actualMs: 4_210, met: true },
      { name: 'lock', limitMs: 100, actualMs: 38, met: true },
      { name: 'total', limitMs: 900_000, actualMs: 134_400, met: true },
    ],
    timeline: [
      { at: after(0), kind: 'signal', text: 'Alarm query-timeout: 41 s, above 30 s for 2 min (critical).' },
      { at: after(900), kind: 'contain', text: 'VECTOR_SEARCH_ENABLED set to "false".' },
      { at: after(4_210), kind: 'contain', text: 'The application obeys: contained.' },
      { at: after(5_000), kind: 'notice', text: 'On-call told that the rollback began.' },
      { at: after(6_840), kind: 'evidence', text: '6 of 7 records kept; replication-slots could not be read.' },
      {
        at: after(7_020),
        kind: 'problem',
        text: 'Postgres.LockNotAvailable on public.embeddings: an idle reader holds it; gave way twice.',
      },
      {
        at: after(8_100),
        kind: 'step',
        text: 'document_chunks and embeddings moved out of reach, locks held for 38 ms.',
      },
      { at: after(57_590), kind: 'step', text: 'Snapshot sealed: 196,608 rows, 671 MB.' },
      { at: after(71_890), kind: 'check', text: 'Snapshot read again: every digest agrees.' },
      { at: after(73_834), kind: 'check', text: '6 of 6 checks pass.' },
      {
        at: after(134_400),
        kind: 'end',
        text: 'Rolled back. Undo with `vector-rollback start pgvector-search --path restore`.',
      },
    ],
    seconds: { contained: 4.21, total: 134.4 },
    loss: 'no data was lost: both tables are kept out of reach until 2026-11-28, and in the snapshot',
    next: [
      'Tell support that search goes by words for now; see Contacts.',
      'Look at `evidence/pgvector-search-20261121T031207-9f3c21/running-queries.json` for the query that hung.',
      'Bring it back when the cause is gone: `vector-rollback start pgvector-search --path restore --reason "…"`',
    ],
    contacts: [
      {
        role: 'on-call',
        name: 'On-call engineer of the rotation "search"',
        reach: 'pager: rotation search, chat: #search-oncall',
      },
      { role: 'dba', name: 'Database admin of the rotation "databases"', reach: 'pager: rotation databases' },
      { role: 'team-lead', name: 'Lead of the search team', reach: 'chat: #search' },
    ],
    followUps: [
      { text: 'Begin the analysis of the root cause', role: 'team-lead', due: after(3_600_000) },
      { text: 'Decide on the purge of the retired tables', role: 'dba', due: after(7 * 86_400_000) },
      { text: 'Grant pg_monitor to the evidence role', role: 'dba', due: null },
    ],
    createdAt: after(134_400),
    ...changes,
  })

const STOPPED = { at: after(101_200), kind: 'problem', text: 'Bucket.Unreachable: a person has to decide.' } as const
/** The same alarm, but the snapshot cannot be written: contained, tables retired, and a person has to decide. */
export const stuckReport = (): RunReport =>
  fullReport({
    outcome: 'needs-human',
    states: visited([
      ...FULL.slice(
        0,
        FULL.findIndex(([name]) => name === 'List parts'),
      ),
      ['Snapshot each part', 92_400, 1, 'Bucket.Unreachable'],
      ['> Snapshot part', 90_112, 4, 'Bucket.Unreachable'],
      ['Needs a human', null],
    ]),
    checks: [
      {
        name: 'flag-is-off',
        status: 'pass',
        detail: '/app/prod/VECTOR_SEARCH_ENABLED is "false"',
        describe: 'The flag has its safe value.',
      },
      {
        name: 'machines-readable',
        status: 'fail',
        detail: '0 rows, at least 1 expected',
        describe: 'The application reads machines.',
      },
      {
        name: 'tables-out-of-sight',
        status: 'unknown',
        detail: 'connection lost',
        describe: 'The catalogue has no embeddings and no document_chunks in public.',
      },
    ],
    snapshot: null,
    steps: fullReport().steps.slice(0, 4),
    notifications: fullReport().notifications.slice(0, 1),
    timeline: [...fullReport().timeline.slice(0, 7), STOPPED],
    problem: {
      state: 'Snapshot each part',
      error: 'Bucket.Unreachable',
      cause: 'PUT snapshots/pgvector-search/20261121T031215-full-9f3c21/part-0002.bin: 503 Slow Down, 4 attempts',
      fix: 'Check the S3 gateway endpoint of the VPC, then retry: parts that are there are kept.',
    },
    budgets: [
      { name: 'contained', limitMs: 60_000, actualMs: 4_210, met: true },
      { name: 'lock', limitMs: 100, actualMs: null, met: null },
      { name: 'total', limitMs: 90_000, actualMs: 101_200, met: false },
    ],
    seconds: { contained: 4.21, total: 101.2 },
    loss: 'no data was lost: the tables are retired, not destroyed',
    next: [
      'Retry when the bucket answers: `vector-rollback approve pgvector-search-20261121T031207-9f3c21 --decision retry`',
      'Or undo: `vector-rollback start pgvector-search --path restore --reason "…"`',
    ],
  })

const HOSTILE =
  '"><script>alert(1)</script><img src=x onerror=alert(2)>|`rm -rf`\n# [x](javascript:alert(3)) \u202e*_~&lt;'

const poisoned = (value: unknown, key = ''): unknown => {
  if (Array.isArray(value)) return value.map((member) => poisoned(member, key))
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, poisoned(member, name)]))
  const free = typeof value === 'string' && !/^[0-9a-f]{64}$|^\d{4}-\d\d-\d\dT.*Z$/.test(value)
  return free && !['outcome', 'path', 'kind', 'status', 'decision'].includes(key) ? `${value} ${HOSTILE}` : value
}

/** Every text that is not of a closed set ends in mark-up, a pipe, a line break and a direction override. */
export const hostileReport = (): RunReport =>
  RunReport.parse({
    ...(poisoned({ ...stuckReport(), approvals: purgeApprovals() }) as RunReport),
    states: stuckReport().states.map((state) => ({ ...state, error: state.error && `${state.error} ${HOSTILE}` })),
  })

const purgeApprovals = (): RunReport['approvals'] => [
  {
    purpose: 'purge',
    role: 'team-lead',
    name: 'Ada Byron',
    at: after(90_000),
    decision: 'approved',
    digest: sha('subject'),
  },
  { purpose: 'purge', role: 'dba', name: 'Edgar Codd', at: after(120_000), decision: 'void', digest: sha('other') },
]

/** Rolled back, then destroyed as approved. */
export const purgedReport = (): RunReport =>
  fullReport({
    path: 'purge',
    approvals: purgeApprovals(),
    retirement: null,
    states: visited([
      ...OPENING,
      ['Choose what to purge', 640],
      ['Anything to purge?', 3],
      ['Verify before purge', 9_400],
      ['Ask to purge', 512_000],
      ['May it be purged?', 3],
      ['Purge', 2_870],
      ...CLOSING,
    ]),
    loss: '196,608 rows of public.embeddings and public.document_chunks are destroyed, as team-lead and dba approved',
  })
