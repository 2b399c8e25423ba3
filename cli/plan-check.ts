import { relative } from 'node:path'
import { checkPlan } from '#core/plan/check.ts'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import { type Problem, printProblem } from '#core/plan/problem.ts'
import { counted } from '#core/report/figures.ts'
import { colours } from './colours.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { allPlans, findPlan } from './plans.ts'

export interface PlanCheckOptions {
  readonly plans?: string
  readonly json?: boolean
}

interface Counts {
  readonly signals: number
  readonly decisions: number
  readonly checks: number
  readonly covers: number
}

interface Checked {
  readonly directory: string
  readonly problems: readonly Problem[]
  /** `null` for a plan with problems. */
  readonly plan: { readonly name: string; readonly digest: string; readonly counts: Counts } | null
}

const countsOf = ({ signals, decide, checks, covers }: Plan): Counts => ({
  signals: Object.keys(signals).length,
  decisions: decide.length,
  checks: Object.keys(checks).length,
  covers: covers.length,
})

const check = async (folder: string): Promise<Checked> => {
  const directory = relative('', folder) || '.'
  const problems = await checkPlan(folder)
  if (problems.length > 0) return { directory, problems, plan: null }
  const plan = await loadPlan(folder)
  return { directory, problems, plan: { name: plan.name, digest: plan.digest, counts: countsOf(plan) } }
}

const printed = ({ directory, problems, plan }: Checked): string => {
  const { green, red } = colours(process.stdout)
  if (plan === null) {
    const lines = problems.map((problem) => printProblem(directory, problem))
    return [...lines, `${directory}: ${red(counted(problems.length, 'problem'))}`].join('\n')
  }
  const { signals, decisions, checks, covers } = plan.counts
  const counts = [
    counted(signals, 'signal'),
    counted(decisions, 'decision'),
    counted(checks, 'check'),
    `covers ${counted(covers, 'requirement')}`,
  ]
  return `${directory}: ${green('ok')}, ${counts.join(', ')}`
}

/** `vector-rollback plan check`: all plans, or those named. Resolves to 2 when any of them has a problem. */
export const planCheck = async (plans: readonly string[], options: PlanCheckOptions): Promise<ExitCode> => {
  const folders =
    plans.length === 0
      ? await allPlans(options.plans)
      : await Promise.all(plans.map((plan) => findPlan(plan, options.plans)))
  const checked: Checked[] = []
  for (const folder of folders) checked.push(await check(folder))
  const ok = checked.every(({ plan }) => plan !== null)
  const text = options.json ? JSON.stringify({ ok, plans: checked }, null, 2) : checked.map(printed).join('\n')
  process.stdout.write(`${text}\n`)
  return ok ? EXIT.ok : EXIT.usage
}
