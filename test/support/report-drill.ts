import type { DrillReport } from '#core/report/drill.ts'
import { fullReport } from '#test/support/report.ts'
import { purgedReport, stuckReport } from '#test/support/report-endings.ts'
import { after } from '#test/support/report-visits.ts'

const local = { drill: true, environment: 'local' } as const

/** A drill of three runs; with `stuck`, its second one needs a human. */
export const drillReport = (second: 'passes' | 'stuck' = 'passes'): DrillReport => ({
  version: 1,
  outcome: second === 'stuck' ? 'needs-human' : 'drill-passed',
  plan: 'pgvector-search',
  planTitle: 'pgvector semantic search',
  database: 'the embedded database',
  runs: [
    { title: 'Flag only', report: { ...fullReport({ ...local, path: 'flag' }), outcome: 'drill-passed' } },
    {
      title: 'Full rollback',
      report: second === 'stuck' ? stuckReport() : { ...fullReport(local), outcome: 'drill-passed' },
    },
    { title: 'Purge of what was retired', report: { ...purgedReport(), ...local, outcome: 'drill-passed' } },
  ],
  seconds: { total: 61.24 },
  createdAt: after(70_000),
})
