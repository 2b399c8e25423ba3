import { drivesEveryRow } from '#test/decide/matrix.ts'
import { PLAN_FOLDER } from '#test/support/paths.ts'

await drivesEveryRow(PLAN_FOLDER, {
  // Critical triggers
  'query-regression': '(PGV-01)',
  'cpu-high': '(PGV-02)',
  'out-of-memory': '(PGV-03)',
  'cross-tenant-leak': '(PGV-04, PGV-64)',
  'row-security-gap': '(PGV-05)',
  'foreign-key-violations': '(PGV-06)',
  'connection-failures': '(PGV-07)',
  'extension-crash': '(PGV-08)',
  'blocked-queries': '(PGV-09)',
  // Warnings
  'search-latency-p95': '(PGV-10)',
  'long-index-build': '(PGV-11)',
  'connections-high': '(PGV-12)',
  'memory-growth': '(PGV-13)',
  'disk-growth': '(PGV-14)',
  'idle-connections': '(PGV-15)',
  // The matrix of the runbook
  'no-results': '(PGV-61)',
  'query-timeout': '(PGV-62, DEF-73)',
  'memory-high': '(PGV-63)',
  'slow-searches': '(PGV-65)',
  'failed-index-build': '(PGV-66)',
})
