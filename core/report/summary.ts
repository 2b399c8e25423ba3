import type { RunReport } from '#core/report/model.ts'

/** The document that `--json` prints: a promise to scripts, so only these keys and always all of them. */
export interface Summary {
  readonly outcome: RunReport['outcome']
  readonly plan: string
  readonly path: RunReport['path']
  readonly scenario?: string
  readonly incident: string
  readonly states: { name: string; startedAt: string; ms: number | null; attempts: number }[]
  readonly steps: { kind: string; changed: boolean; ms: number; detail: string }[]
  readonly checks: { name: string; status: 'pass' | 'fail' | 'unknown' }[]
  /** Milliseconds: what the plan allows, and what it took; `met` is null when nobody measured it. */
  readonly budgets: { name: string; limitMs: number; actualMs: number | null; met: boolean | null }[]
  readonly snapshot: {
    id: string
    tables: { schema: string; name: string; rows: number; bytes: number; sha256: string }[]
  } | null
  /** Seconds; `contained` is null when nobody saw the application obey. */
  readonly seconds: { contained: number | null; total: number }
}

export const summary = (report: RunReport): Summary => ({
  outcome: report.outcome,
  plan: report.plan,
  path: report.path,
  ...(report.scenario === undefined ? {} : { scenario: report.scenario }),
  incident: report.incident,
  states: report.states.map(({ name, startedAt, ms, attempts }) => ({ name, startedAt, ms, attempts })),
  steps: report.steps.map(({ kind, changed, ms, detail }) => ({ kind, changed, ms, detail })),
  checks: report.checks.map(({ name, status }) => ({ name, status })),
  budgets: report.budgets.map(({ name, limitMs, actualMs, met }) => ({ name, limitMs, actualMs, met })),
  snapshot: report.snapshot && {
    id: report.snapshot.id,
    tables: report.snapshot.tables.map(({ schema, name, rows, bytes, sha256 }) => ({
      schema,
      name,
      rows,
      bytes,
      sha256,
    })),
  },
  seconds: { contained: report.seconds.contained, total: report.seconds.total },
})
