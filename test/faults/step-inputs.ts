const WORKLOAD = { platform: 'ecs', cluster: 'app', service: 'web' }
const HASH = '0'.repeat(64)
const TABLE = { schema: 'public', name: 'embeddings' }

/**
 * An input for each kind of step that changes something and takes more than nothing, about the snapshot and the retirement of one run of
 * pgvector-search: as much as a step reads before it asks whether it may change anything.
 */
export const stepInputs = (retirement: string): Readonly<Record<string, object>> => {
  const restore = { restore: { snapshot: retirement, retirement } }
  const bytes = { rawBytes: 1, rawSha256: HASH, storedBytes: 1, storedSha256: HASH }
  const part = { index: 0, key: 'x', rows: 1, digest: '0'.repeat(32), ...bytes }
  return {
    'drop-indexes': { indexes: [{ schema: 'public', name: 'embeddings_embedding_idx' }] },
    drain: { count: 'sql/longest-query.sql', within: 60_000 },
    migrate: {
      ...{ ledger: { schema: 'public', name: 'alembic_version' }, column: 'version_num', from: ['b'], to: 'a' },
      ...{ file: 'sql/longest-query.sql', locks: [], gone: [] },
    },
    'run-sql': { file: 'sql/longest-query.sql' },
    'set-flag': { flag: 'VECTOR_SEARCH_ENABLED', to: 'on' },
    'restore-config': { path: '/app/{env}/search/' },
    throttle: { set: { '/app/{env}/LIMIT': '1' } },
    'parameter-group': { group: 'app', of: 'instance', parameters: ['work_mem'], reboot: 'ask' },
    capacity: { cluster: 'app', min: 1, max: 2 },
    'rds-snapshot': { cluster: 'app' },
    webhook: { webhook: 'pager', say: 'help' },
    'run-command': { document: 'restart', targets: { InstanceIds: ['i-1'] } },
    'previous-version': { workload: WORKLOAD, to: 'web:1', within: 1000 },
    restart: { workload: WORKLOAD, why: '', within: 1000 },
    scale: { workload: WORKLOAD, to: 0, within: 1000 },
    retire: {},
    'list-parts': { retirement },
    'seal-snapshot': { retirement },
    'undo-retire': restore,
    'prepare-restore': restore,
    'load-part': { part: { notes: 'x', restored: 'x', table: TABLE, columns: ['id'], format: 'binary', part } },
    'add-constraints': restore,
    'build-indexes': restore,
    'compare-restore': restore,
    'set-aside': restore,
    'put-back': { ...restore, copies: 'keep' },
    'swap-in': restore,
    're-enable': {
      subject: { askedAt: '2026-11-21T03:00:00.000Z', gates: [], unmet: [], steps: [100] },
      after: 0,
    },
    purge: {
      subject: {
        ...{ plan: 'pgvector-search', retirement, replacedBy: null, snapshot: retirement, extension: null },
        ...{ manifestSha256: HASH, catalogueFingerprint: HASH, rows: 1, bytes: 1, destroys: [] },
        tables: [{ ...TABLE, rows: 1 }],
      },
    },
  }
}

/** Kinds that change neither a database nor a flag, and containment, which only makes things safe. All others ask first. */
const DO_NOT_ASK: readonly string[] = [
  'contain',
  'capture',
  'open-incident',
  'notify',
  'preserve-evidence',
  'follow-delivery',
  'prove-delivery',
  'prove-delivery-outside',
  'snapshot-part',
  'verify-snapshot',
  'verify-part',
  'choose-purge',
  'ask-approval',
  'choose-restore',
  'safe-point',
  'verify',
  // Asks before it creates test data, and only then: test/core/verify/http-check.test.ts.
  'verify-outside',
  'watch',
  'gate',
  'needs-human',
  'report',
]

export const asksFirst = (kind: string): boolean => !DO_NOT_ASK.includes(kind)
