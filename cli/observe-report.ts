import { cloudwatchAlarms } from '#aws/alarms.ts'
import { ssmFlagHistory } from '#aws/flag-history.ts'
import { EXIT, type ExitCode } from '#cli/exit-codes.ts'
import { findPlan } from '#cli/plans.ts'
import { atPlace, type PlaceOptions } from '#cli/snapshots/place.ts'
import { buildReport } from '#core/observe/build.ts'
import { reportMarkdown } from '#core/observe/markdown.ts'
import { loadPlan } from '#core/plan/load.ts'

export interface ObserveReportOptions extends PlaceOptions {
  /** Milliseconds. */
  readonly since: number
  readonly plans?: string
  readonly json?: boolean
}

/** `vector-rollback observe report`: what the alarms of a plan led to, or would have. Markdown, or JSON. */
export const observeReport = async (name: string, options: ObserveReportOptions): Promise<ExitCode> => {
  const plan = await loadPlan(await findPlan(name, options.plans))
  return atPlace(options, 'look', async ({ objects, environment }) => {
    const to = new Date()
    const window = { from: new Date(to.getTime() - options.since), to }
    // A state folder has neither CloudWatch nor the past of its parameters beside it.
    const aws = options.bucket === undefined ? null : { alarms: cloudwatchAlarms(), flagHistory: ssmFlagHistory() }
    const report = await buildReport(plan, window, { objects, aws, environment })
    process.stdout.write(`${options.json ? JSON.stringify(report, null, 2) : reportMarkdown(report)}\n`)
    return EXIT.ok
  })
}
