import type { RunReport } from '#core/report/model.ts'
import { fullReport } from '#test/support/report.ts'
import { after, CLOSING, FULL, OPENING, sha, visited } from '#test/support/report-visits.ts'

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

export const purgeApprovals = (): RunReport['approvals'] => [
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
