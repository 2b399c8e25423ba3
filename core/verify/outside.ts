import { z } from 'zod'
import { messageOf } from '#core/errors.ts'
import { keys } from '#core/incident/keys.ts'
import type { Run } from '#core/incident/run.ts'
import { requireSamePlan } from '#core/incident/same-plan.ts'
import { digestOf, readJson, writeJson } from '#core/json.ts'
import type { PlanCheck } from '#core/plan/checks.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Moment } from '#core/plan/vocabulary.ts'
import type { Clock, Flags, Objects } from '#core/ports.ts'
import { runBaselineOutside } from '#core/verify/baseline-check.ts'
import { type HttpPorts, runHttpCheck } from '#core/verify/http-check.ts'
import { type MetricPorts, runMetricCheck } from '#core/verify/metric-check.ts'
import { runFlagCheck, type Verdict } from '#core/verify/run-check.ts'

const Seen = z.strictObject({ status: z.enum(['pass', 'fail', 'unknown']), detail: z.string() })

/** `incidents/<id>/outside/<moment>.json`: what was seen outside the database, for the function inside its network. */
const Outside = z.strictObject({
  /** When it was asked, ISO 8601. */
  at: z.string(),
  checks: z.record(z.string(), Seen),
  /** Of a ramp: whether the flags are as it has set them. `null` where nobody asks. */
  untouched: Seen.nullable(),
})
export type Outside = z.output<typeof Outside>

/** Older answers are no answers: they tell of the system as it was. Longer than the function that gives them may run. */
const FRESH_MS = 20 * 60_000

/** What the verification is of: a path or the re-enabling, a look of a watch, or checks that a step of the plan names. */
export type Asking =
  | { readonly after: Moment }
  | { readonly after: Moment; readonly since: string }
  | { readonly checks: readonly string[] }

const slot = (asking: Asking): string => {
  if ('checks' in asking) return `step-${digestOf(asking.checks).slice(0, 16)}`
  return `${'since' in asking ? 'watch-' : ''}${asking.after}`
}

/** Whether a check is asked without the database: Parameter Store, CloudWatch and services are not in its network. */
export const isOutside = (plan: Plan, check: PlanCheck): boolean => {
  if (check.kind !== 'baseline') return check.kind !== 'sql'
  const { subject } = check
  return subject.kind === 'signal'
    ? plan.signals[subject.signal]?.source.kind === 'metric'
    : plan.checks[subject.check]?.kind === 'http'
}

export interface OutsidePorts extends HttpPorts, MetricPorts {
  readonly flags: Flags
}

const ask = (run: Run, plan: Plan, name: string, check: PlanCheck, since: Date | null, ports: OutsidePorts) => {
  switch (check.kind) {
    case 'flag':
      return runFlagCheck(ports.flags, plan, check, ports.environment)
    case 'http':
      return runHttpCheck(run, plan, name, check, ports)
    case 'metric':
      return runMetricCheck(check, since, ports)
    case 'baseline':
      return runBaselineOutside(run, plan, check, ports)
    case 'sql':
      return Promise.resolve<Verdict>({ status: 'unknown', detail: 'It is asked in the database.' })
  }
}

/** Requests first: what they cause may be measured already. */
const ORDER: readonly PlanCheck['kind'][] = ['flag', 'http', 'metric', 'baseline', 'sql']

/** The plan that was deployed in the middle of a run is another one: its checks prove nothing of this run. */
const changedPlan = (run: Run, plan: Plan): Verdict | null => {
  try {
    requireSamePlan(run, plan)
    return null
  } catch (error) {
    return { status: 'unknown', detail: messageOf(error) }
  }
}

/** Asks those of the checks that need no database, one after the other. Never throws. */
export const askOutside = async (
  run: Run,
  plan: Plan,
  names: readonly string[],
  since: Date | null,
  ports: OutsidePorts,
): Promise<Outside['checks']> => {
  const chosen = names
    .flatMap((name): [string, PlanCheck][] => {
      const check = plan.checks[name]
      return check && isOutside(plan, check) ? [[name, check]] : []
    })
    .sort(([, a], [, b]) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind))
  const changed = changedPlan(run, plan)
  const seen: Outside['checks'] = {}
  for (const [name, check] of chosen) {
    const { status, detail } = changed ?? (await ask(run, plan, name, check, since, ports))
    seen[name] = { status, detail }
  }
  return seen
}

export const writeOutside = async (objects: Objects, run: Run, asking: Asking, outside: Outside): Promise<void> => {
  await writeJson(objects, keys.outside(run.incident, slot(asking)), outside)
}

/** What was seen outside just before; `null` when nothing was, or too long ago. */
export const readOutside = async (
  run: Run,
  asking: Asking,
  { objects, clock }: { readonly objects: Objects; readonly clock: Clock },
): Promise<Outside | null> => {
  const found = await readJson(objects, keys.outside(run.incident, slot(asking)))
  if (found === null) return null
  const outside = Outside.parse(found.value)
  return clock.now().getTime() - Date.parse(outside.at) <= FRESH_MS ? outside : null
}
