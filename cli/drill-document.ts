import type { Path } from '#core/names.ts'
import { type DrillReport, drillSummary } from '#core/report/drill.ts'

/**
 * What `drill --json` prints: the document of a run, with the states, steps and checks of all runs one after the other and
 * the last snapshot, and each run by itself under `runs`. `path` is `null` for the whole way.
 */
export const drillDocument = (report: DrillReport, path: Path | undefined) => {
  const { outcome, plan, runs, seconds } = drillSummary(report)
  const contained = runs.flatMap((run) => (run.seconds.contained === null ? [] : [run.seconds.contained]))
  return {
    outcome,
    plan,
    path: path ?? null,
    incident: runs.at(-1)?.incident ?? null,
    states: runs.flatMap((run) => run.states),
    steps: runs.flatMap((run) => run.steps),
    checks: runs.flatMap((run) => run.checks),
    budgets: runs.flatMap((run) => run.budgets),
    snapshot: runs.map((run) => run.snapshot).findLast((snapshot) => snapshot !== null) ?? null,
    seconds: { contained: contained.length > 0 ? Math.max(...contained) : null, total: seconds.total },
    runs,
  }
}
