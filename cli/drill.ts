import { dirname, join, resolve } from 'node:path'
import { drillAws } from '#cli/drill-aws.ts'
import { type DrillDatabase, drillDatabase } from '#cli/drill-database.ts'
import { drillDocument } from '#cli/drill-document.ts'
import { definitionsOf, requireIdentical } from '#cli/drill-proof.ts'
import { keepPassed } from '#cli/drill-record.ts'
import { type DrillRun, drillWays } from '#cli/drill-script.ts'
import { EXIT } from '#cli/exit-codes.ts'
import { exitCodeOfOutcome, runOnce } from '#cli/local-run.ts'
import { allPlans, findPlan } from '#cli/plans.ts'
import { type Progress, progress } from '#cli/progress.ts'
import { quietFunctions } from '#cli/quiet-functions.ts'
import { showStates } from '#cli/show-states.ts'
import type { PlaceOptions } from '#cli/snapshots/place.ts'
import { RollbackError } from '#core/errors.ts'
import { PATHS, type Path } from '#core/names.ts'
import { fixtureOf } from '#core/plan/fixture.ts'
import { loadPlan, type Plan, resolveFlag, resolveRamp } from '#core/plan/load.ts'
import { requireScenario } from '#core/plan/work-of.ts'
import { type DrillReport, outcomeOfDrill, renderDrillHtml, renderDrillMarkdown } from '#core/report/drill.ts'
import { missedBudgets } from '#core/report/facts.ts'
import type { LocalOutcome } from '#local/outcome.ts'
import { machineDefinition, writeReports } from '#local/reports.ts'
import { type Stack, startStack } from '#local/stack.ts'
import { startStandIn } from '#local/stand-in.ts'

export interface DrillOptions extends PlaceOptions {
  readonly all?: boolean
  readonly path?: string
  readonly scenario?: string
  readonly databaseUrl?: string
  readonly json?: boolean
  readonly out?: string
  readonly plans?: string
  readonly rows?: number
}

/** Rows of the largest table of a fixture: enough for an index to matter, few enough to be quick. */
const ROWS = 2_000
const ENVIRONMENT = 'drill'
/** A percentage. */
const EVERYBODY = '100'

const pathOf = (text: string | undefined): Path | undefined => {
  if (text === undefined) return undefined
  const path = PATHS.find((known) => known === text)
  if (path) return path
  throw new RollbackError('Usage.Invalid', `"${text}" is not a path.`, {
    fix: `Use one of ${PATHS.join(', ')}, or none for the whole way.`,
    category: 'usage',
  })
}

const say = (text: string): void => void process.stderr.write(`${text}\n`)

/** Everybody whom the plan asks approves: a drill is of the machine, not of the people. */
const approversOf = (plan: Plan) => () =>
  [
    ...new Set([
      ...(plan.paths.full?.purge.approve.roles ?? []),
      ...(plan.paths.restore?.reEnable?.approve.roles ?? []),
    ]),
  ].map((role) => ({
    role,
    name: `drill as ${role}`,
  }))

const switchOn = async (stack: Stack, plan: Plan): Promise<void> => {
  for (const [name, flag] of Object.entries(plan.flags)) {
    const ramp = resolveRamp(plan, name, ENVIRONMENT)
    if (ramp !== null) await stack.flags.write(ramp, EVERYBODY)
    await stack.flags.write(resolveFlag(plan, name, ENVIRONMENT), flag.on)
  }
}

interface Drilled {
  readonly report: DrillReport
  readonly exitCode: number
}

const requireOn = async (stack: Stack, plan: Plan): Promise<void> => {
  for (const [name, flag] of Object.entries(plan.flags)) {
    const value = (await stack.flags.read(resolveFlag(plan, name, ENVIRONMENT)))?.value
    const ramp = resolveRamp(plan, name, ENVIRONMENT)
    const reached = ramp === null ? EVERYBODY : (await stack.flags.read(ramp))?.value
    if (value === flag.on && reached === EVERYBODY) continue
    throw new RollbackError(
      'Drill.NotReEnabled',
      `Flag "${name}" is "${value}" for ${reached}% after the drill, not "${flag.on}" for all.`,
      {
        fix: 'This is a defect of the re-enabling: keep the report and look at its last states.',
      },
    )
  }
}

const walk = async (
  stack: Stack,
  plan: Plan,
  runs: readonly DrillRun[],
  database: DrillDatabase,
  began: number,
): Promise<Drilled> => {
  const done: DrillReport['runs'][number][] = []
  const deploy = await drillAws(stack, plan, ENVIRONMENT)
  const finish = (outcome: DrillReport['outcome'], exitCode: number): Drilled => ({
    exitCode,
    report: {
      version: 1,
      outcome,
      plan: plan.name,
      planTitle: plan.title,
      database: database.database.label,
      runs: done,
      seconds: { total: (performance.now() - began) / 1000 },
      createdAt: new Date().toISOString(),
    },
  })
  for (const { title, path, scenario, travel } of runs) {
    say(`\n${plan.name}: ${title}`)
    stack.clock.travel(travel)
    await deploy(path)
    const outcome: LocalOutcome = await runOnce(stack, {
      plan: plan.name,
      path,
      ...(scenario === undefined ? {} : { scenario }),
      reason: `Drill: ${title}.`,
      drill: true,
    })
    if (outcome.report) done.push({ title, report: outcome.report })
    const exitCode = exitCodeOfOutcome(outcome)
    if (exitCode === EXIT.ok && outcome.report?.outcome === 'drill-passed') {
      for (const budget of missedBudgets(outcome.report)) say(`Budget missed in "${title}": ${budget}.`)
      continue
    }
    say(
      `Stopped: ${outcome.problem ? `${outcome.problem.error}: ${outcome.problem.text}` : 'the run was not recorded'}`,
    )
    return finish('needs-human', exitCode === EXIT.ok ? EXIT.failed : exitCode)
  }
  // The rest of the way was worth knowing, whatever took too long.
  const outcome = outcomeOfDrill(done)
  return finish(outcome, outcome === 'drill-passed' ? EXIT.ok : EXIT.failed)
}

interface Drilling {
  readonly directory: string
  readonly plan: Plan
  readonly options: DrillOptions
  readonly shown: Progress
}

/** On a database and a stack of its own. */
const drillWay = async ({ directory, plan, options, shown }: Drilling, runs: readonly DrillRun[]): Promise<Drilled> => {
  const began = performance.now()
  const fixture = await fixtureOf(directory)
  const database = await drillDatabase(options.databaseUrl)
  try {
    say(`${plan.name}: loading the fixture into ${database.database.label}`)
    await database.database.session({ applicationName: 'vector-rollback:drill', statementTimeout: 0 }, (session) =>
      fixture.load(session, { rows: options.rows ?? ROWS, scenario: runs.at(-1)?.scenario }),
    )
    const stack = await startStack({
      environment: ENVIRONMENT,
      plansDirectory: dirname(directory),
      database: database.forStack,
      approvers: approversOf(plan),
      steps: 'hurry',
      onEvent: showStates(shown),
    })
    const stop = () =>
      void stack
        .close()
        .then(() => database.drop())
        .finally(() => process.exit(130))
    process.once('SIGINT', stop).once('SIGTERM', stop)
    try {
      await switchOn(stack, plan)
      const app = await startStandIn(plan, { stack, database: database.database, environment: ENVIRONMENT })
      stack.endsWith(() => app.close())
      const before = await definitionsOf(database.database, plan)
      const drilled = await walk(stack, plan, runs, database, began)
      if (drilled.exitCode === EXIT.ok && runs.at(-1)?.path === 'restore') {
        requireIdentical(before, await definitionsOf(database.database, plan))
        await requireOn(stack, plan)
      }
      return drilled
    } finally {
      process.off('SIGINT', stop).off('SIGTERM', stop)
      await stack.close()
    }
  } finally {
    await database.drop()
  }
}

/** Whether a run did not come to its end: after it the others would say nothing. */
const stopped = ({ exitCode, report }: Drilled): boolean =>
  exitCode !== EXIT.ok && !report.runs.every((run) => run.report.outcome === 'drill-passed')

const drillPlan = async (drilling: Drilling, path: Path | undefined): Promise<Drilled> => {
  const { plan, options } = drilling
  requireScenario(plan, { path: path ?? 'partial', scenario: options.scenario })
  const ways = drillWays(plan, {
    ...(path === undefined ? {} : { path }),
    ...(options.scenario === undefined ? {} : { scenario: options.scenario }),
  })
  const drilled: Drilled[] = []
  for (const runs of ways) {
    const way = await drillWay(drilling, runs)
    drilled.push(way)
    if (stopped(way)) break
  }
  const worst = drilled.find(({ exitCode }) => exitCode !== EXIT.ok) ?? drilled.at(-1)
  if (!worst) throw new Error(`No way of plan "${plan.name}" was drilled.`)
  return {
    exitCode: worst.exitCode,
    report: {
      ...worst.report,
      runs: drilled.flatMap(({ report }) => report.runs),
      seconds: { total: drilled.reduce((sum, { report }) => sum + report.seconds.total, 0) },
    },
  }
}

/** Throws `Usage.Invalid` for names beside `--all`: half of them would be meant. */
const directoriesOf = async (plans: readonly string[], { all, plans: folder }: DrillOptions): Promise<string[]> => {
  if (plans.length === 0) return allPlans(folder)
  if (!all) return Promise.all(plans.map((name) => findPlan(name, folder)))
  throw new RollbackError('Usage.Invalid', `"--all" is all plans, and not only "${plans.join('", "')}".`, {
    fix: 'Leave --all out, or the names.',
    category: 'usage',
  })
}

/**
 * `vector-rollback drill`: every path of the plans on throwaway databases, by the real state machine and functions. Resolves
 * to the exit code: that of the first drill that did not pass.
 */
export const drill = async (plans: readonly string[], options: DrillOptions): Promise<number> => {
  const path = pathOf(options.path)
  const directories = await directoriesOf(plans, options)
  quietFunctions()
  const shown = progress({ stream: process.stderr, now: () => new Date() })
  const machine = await machineDefinition()
  const stamp = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const drilled: Drilled[] = []
  const pages: string[] = []
  try {
    for (const directory of directories) {
      const done = await drillPlan({ directory, plan: await loadPlan(directory), options, shown }, path)
      drilled.push(done)
      // At once: what comes after may fail by an error of its own, hours later.
      const { report } = done
      await keepPassed(report, options)
      const out = resolve(options.out ?? join('drills', stamp), ...(directories.length > 1 ? [report.plan] : []))
      const [page] = await writeReports(out, {
        'drill.html': renderDrillHtml(report, machine),
        'drill.md': renderDrillMarkdown(report),
        'drill.json': `${JSON.stringify(report, null, 2)}\n`,
      })
      pages.push(page ?? out)
    }
  } finally {
    shown.close()
  }
  const documents = drilled.map(({ report }) => drillDocument(report, path))
  if (options.json)
    process.stdout.write(`${JSON.stringify(documents.length === 1 ? documents[0] : { drills: documents }, null, 2)}\n`)
  else
    for (const { report } of drilled)
      process.stdout.write(
        `${report.outcome}: ${report.plan}, ${report.runs.length} runs in ${report.seconds.total.toFixed(1)} s\n`,
      )
  for (const page of pages) say(`Report: ${page}`)
  return drilled.find(({ exitCode }) => exitCode !== EXIT.ok)?.exitCode ?? EXIT.ok
}
