import { basename, dirname, join, resolve } from 'node:path'
import { postgres } from '#aws/postgres.ts'
import { exitCodeOfOutcome, runOnce } from '#cli/local-run.ts'
import { findPlan } from '#cli/plans.ts'
import { progress } from '#cli/progress.ts'
import { quietFunctions } from '#cli/quiet-functions.ts'
import { showStates } from '#cli/show-states.ts'
import { isRollbackError, RollbackError } from '#core/errors.ts'
import { checkDatabase } from '#core/incident/right-database.ts'
import { PATHS, type Path } from '#core/names.ts'
import { printDuration } from '#core/plan/duration.ts'
import { fixtureIn } from '#core/plan/fixture.ts'
import type { Plan } from '#core/plan/load.ts'
import { loadPlan } from '#core/plan/load.ts'
import { suggestion } from '#core/plan/nearest.ts'
import { ServiceUrl } from '#core/plan/services.ts'
import { requireScenario } from '#core/plan/work-of.ts'
import { renderHtml } from '#core/report/html.ts'
import { renderMarkdown } from '#core/report/markdown.ts'
import { summary } from '#core/report/summary.ts'
import type { Approver } from '#local/answers.ts'
import type { LocalOutcome } from '#local/outcome.ts'
import { machineDefinition, writeReports } from '#local/reports.ts'
import { type Stack, startStack } from '#local/stack.ts'
import { startStandIn } from '#local/stand-in.ts'

export interface RunOptions {
  readonly path: string
  readonly scenario?: string
  readonly local?: boolean
  readonly databaseUrl?: string
  readonly state?: string
  readonly confirm?: string
  readonly approve?: readonly string[]
  readonly service?: readonly string[]
  readonly wait?: boolean
  readonly reason?: string
  readonly snapshot?: string
  readonly acceptDrift?: boolean
  /** `--no-watch` makes it `false`. */
  readonly watch?: boolean
  readonly json?: boolean
  readonly out?: string
  readonly plans?: string
}

const usage = (message: string, fix: string): RollbackError =>
  new RollbackError('Usage.Invalid', message, { fix, category: 'usage' })

const required = (options: RunOptions, plan: Plan): { databaseUrl: string; state: string; path: Path } => {
  const path = PATHS.find((known) => known === options.path)
  if (!path) throw usage(`"${options.path}" is not a path.`, `Use one of ${PATHS.join(', ')}.`)
  if (!options.local)
    throw usage(
      'A run from here needs "--local".',
      'In AWS, start the state machine from its console, or let an alarm do it.',
    )
  if (!options.databaseUrl)
    throw usage('There is no "--database-url".', 'Give the URL of the database that the plan protects.')
  if (!options.state)
    throw usage(
      'There is no "--state".',
      'Name a folder: snapshots and records are kept there, and a later restore needs it.',
    )
  if (options.confirm !== plan.name)
    throw usage(
      `"--confirm" is ${options.confirm === undefined ? 'missing' : `"${options.confirm}"`}.`,
      `This changes a real database: repeat the name of the plan, --confirm ${plan.name}.`,
    )
  if (path !== 'restore' && (options.snapshot !== undefined || options.acceptDrift))
    throw usage(
      `The path "${path}" takes no "--snapshot" and no "--accept-drift".`,
      'They say what to restore: use them with --path restore.',
    )
  requireScenario(plan, { path, scenario: options.scenario })
  return { databaseUrl: options.databaseUrl, state: resolve(options.state), path }
}

const approverOf = (text: string): Approver => {
  const [, role, name] = /^([^=]+)=(.+)$/.exec(text) ?? []
  if (role && name) return { role, name }
  throw usage(`"--approve ${text}" is not ROLE=NAME.`, 'Write --approve team-lead=alice, once for each who approves.')
}

/**
 * The wrong database, or the wrong version of the extension, is refused before anything is done. One that does not answer
 * is no reason to stop: containment does not need it.
 */
const preflight = async (plan: Plan, url: string): Promise<{ isFixture: boolean }> => {
  const database = postgres({ url })
  try {
    return await database.session({ applicationName: 'vector-rollback:preflight' }, async (session) => {
      await checkDatabase(session, plan, database.label)
      return { isFixture: (await fixtureIn(session)) === plan.name }
    })
  } catch (error) {
    if (!isRollbackError(error) || error.category !== 'unreachable') throw error
    process.stderr.write(`${error.message}\nGoing on to contain: that does not need the database.\n`)
    return { isFixture: false }
  }
}

const serviceOf = (plan: Plan, text: string): [string, string] => {
  const [, name, url] = /^([^=]+)=(.+)$/.exec(text) ?? []
  if (!name || !ServiceUrl.safeParse(url).success)
    throw usage(
      `"--service ${text}" is not NAME=URL.`,
      'Write --service search=https://search.example.com, once for each.',
    )
  if (plan.services[name]) return [name, url ?? '']
  throw usage(`Plan "${plan.name}" has no service "${name}".`, suggestion(name, Object.keys(plan.services)))
}

/** Only on the data of a drill: beside a real database, what a stand-in answers would prove nothing. */
const playApplication = async (plan: Plan, stack: Stack, url: string): Promise<void> => {
  const { urls, close } = await startStandIn(plan, { stack, database: postgres({ url }), environment: 'local' })
  stack.endsWith(close)
  for (const [service, at] of Object.entries(urls))
    process.stderr.write(`This database is a fixture: service "${service}" is played at ${at}.\n`)
}

/** Before it begins: nobody should wonder for half an hour what it does. */
const sayHowLong = ({ watch, paths }: Plan, path: Path, options: RunOptions): void => {
  const after = watch?.tiers.at(-1)?.until
  const ramp = path === 'restore' ? paths.restore?.reEnable.ramp : undefined
  if (after !== undefined && options.watch !== false)
    process.stderr.write(
      `When its work is done, this run watches for ${printDuration(after)}. Interrupted then, it stays as it is; --no-watch leaves that out.\n`,
    )
  if (ramp)
    process.stderr.write(
      `Re-enabling holds ${ramp.steps.length} steps for ${printDuration(ramp.hold)} each. Interrupted then, the flags stay at that step: contain with --path flag.\n`,
    )
}

const told = (plan: Plan, { report, problem, joined }: LocalOutcome): string => {
  if (joined) return `Busy: another run of plan "${plan.name}" goes on; this one joined it and did nothing.`
  const head = report ? `${report.outcome}: ${report.loss}` : 'needs-human: the run was not recorded.'
  return problem ? `${head}\n${problem.error}: ${problem.text}` : head
}

/** `vector-rollback run`: the real state machine against a real database, from this machine. Resolves to the exit code. */
export const run = async (planName: string, options: RunOptions): Promise<number> => {
  const directory = await findPlan(planName, options.plans)
  const plan = await loadPlan(directory)
  const { databaseUrl, state, path } = required(options, plan)
  const approvers = (options.approve ?? []).map(approverOf)
  const { isFixture } = await preflight(plan, databaseUrl)
  sayHowLong(plan, path, options)
  quietFunctions()
  const shown = progress({ stream: process.stderr, now: () => new Date() })
  const stack = await startStack({
    directory: state,
    environment: 'local',
    plansDirectory: dirname(directory),
    database: { url: databaseUrl },
    approvers: options.wait ? 'by-url' : () => approvers,
    onEvent: showStates(shown),
    watches: 'wait',
    serviceUrls: { [plan.name]: Object.fromEntries((options.service ?? []).map((text) => serviceOf(plan, text))) },
  })
  const stop = () => void stack.close().finally(() => process.exit(130))
  process.once('SIGINT', stop).once('SIGTERM', stop)
  try {
    if (isFixture && !options.service) await playApplication(plan, stack, databaseUrl)
    const outcome = await runOnce(stack, {
      plan: basename(directory),
      path,
      ...(options.scenario === undefined ? {} : { scenario: options.scenario }),
      reason: options.reason ?? 'Started by hand with vector-rollback run.',
      ...(options.snapshot === undefined ? {} : { snapshot: options.snapshot }),
      ...(options.acceptDrift ? { 'accept-drift': true } : {}),
      ...(options.watch === false ? { watch: false } : {}),
    })
    shown.close()
    const { report } = outcome
    if (report) {
      const out = resolve(options.out ?? join(state, 'reports', outcome.incident))
      const [, , page] = await writeReports(out, {
        'report.json': `${JSON.stringify(report, null, 2)}\n`,
        'report.md': renderMarkdown(report),
        'report.html': renderHtml(report, await machineDefinition()),
      })
      process.stderr.write(`Report: ${page}\n`)
    }
    if (options.json) process.stdout.write(`${JSON.stringify(document(plan, path, outcome), null, 2)}\n`)
    else process.stdout.write(`${told(plan, outcome)}\n`)
    if (options.json && outcome.problem) process.stderr.write(`${outcome.problem.error}: ${outcome.problem.text}\n`)
    return exitCodeOfOutcome(outcome)
  } finally {
    shown.close()
    process.off('SIGINT', stop).off('SIGTERM', stop)
    await stack.close()
  }
}

/** The document of `--json`; a run that was not recorded has only its states to tell of. */
const document = (plan: Plan, path: Path, outcome: LocalOutcome & { incident: string }) =>
  outcome.report
    ? summary(outcome.report)
    : {
        outcome: outcome.joined ? 'nothing-to-do' : 'needs-human',
        plan: plan.name,
        path,
        incident: outcome.incident,
        states: outcome.states.map(({ name, startedAt, ms, attempts }) => ({ name, startedAt, ms, attempts })),
        steps: [],
        checks: [],
        snapshot: null,
        seconds: { contained: null, total: outcome.states.reduce((sum, { ms }) => sum + (ms ?? 0), 0) / 1000 },
      }
