import { digestOf } from '#core/json.ts'
import { tellOfPlan } from '#core/notice/of-plan.ts'
import { buildReport } from '#core/observe/build.ts'
import { reportMarkdown } from '#core/observe/markdown.ts'
import type { Plan } from '#core/plan/load.ts'
import { counted } from '#core/report/figures.ts'
import type { Ports } from '#core/steps/define-step.ts'

export const WEEK_MS = 7 * 86_400_000

type ReportPorts = Pick<Ports, 'alarms' | 'flagHistory' | 'objects' | 'notifier' | 'plans' | 'clock' | 'environment'>

const tell = async (plan: Plan, ports: ReportPorts): Promise<{ plan: string; cases: number }> => {
  const { objects, alarms, flagHistory, environment, clock } = ports
  const to = clock.now()
  const window = { from: new Date(to.getTime() - WEEK_MS), to }
  const report = await buildReport(plan, window, { objects, aws: { alarms, flagHistory }, environment })
  const values = { signals: counted(report.cases.length, 'alarm'), status: reportMarkdown(report) }
  await tellOfPlan(
    plan,
    'observe-report',
    values,
    { id: digestOf(['observe-report', plan.name, to.toISOString()]) },
    ports,
  )
  return { plan: plan.name, cases: report.cases.length }
}

/** The scheduled function: tells people of each plan what the week's alarms led to, also when there were none. */
export const observeReports = async (
  _event: unknown,
  ports: ReportPorts,
): Promise<{ plan: string; cases: number }[]> => {
  const names = await ports.plans.names()
  const told = await Promise.allSettled(names.map(async (name) => tell(await ports.plans.load(name), ports)))
  for (const one of told) if (one.status === 'rejected') throw one.reason
  return told.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
}
