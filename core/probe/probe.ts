import { z } from 'zod'
import { withBaselines } from '#core/baseline/resolve.ts'
import { BUCKET_MS, inTime } from '#core/decide/in-time.ts'
import { RollbackError } from '#core/errors.ts'
import type { Plan } from '#core/plan/load.ts'
import type { MetricValue } from '#core/ports.ts'
import { probesOf, told } from '#core/probe/measure.ts'
import { connectMetric, durationMetric, probeMetric } from '#core/probe/metric.ts'
import { probeRound, type Round } from '#core/probe/round.ts'
import type { Ports } from '#core/steps/define-step.ts'

const Event = z.strictObject({ plan: z.string().optional() })

type Needs = 'database' | 'objects' | 'plans' | 'environment' | 'clock' | 'metrics' | 'signal' | 'remaining'
type ProbePorts = Pick<Ports, Needs>

const parse = (event: unknown): z.output<typeof Event> => {
  const parsed = Event.safeParse(event)
  if (parsed.success) return parsed.data
  throw new RollbackError('Input.Invalid', `The probes cannot use their input: ${z.prettifyError(parsed.error)}.`, {
    fix: 'Give {} for all plans, or {"plan": "…"} for one.',
    category: 'usage',
  })
}

/** What a round publishes. A probe without a value publishes none: its alarm sees missing data, and not a good value. */
export const valuesOf = (plan: Plan, { connectFailed, results }: Round, environment: string): MetricValue[] => {
  const probes = results.filter(({ signal }) => plan.signals[signal]?.source.kind === 'probe')
  // 0 is a probe that nobody got to ask.
  const durations = probes.map(({ ms }) => ms).filter((ms) => ms > 0)
  return [
    { ...connectMetric(plan, environment), values: [connectFailed ? 1 : 0] },
    ...(durations.length > 0 ? [{ ...durationMetric(plan, environment), values: durations }] : []),
    ...probes.flatMap(({ signal, value }): MetricValue[] => {
      const metric = probeMetric(plan, signal, environment)
      return metric === null || value === null ? [] : [{ ...metric, values: [value] }]
    }),
  ]
}

/** Why values are missing, for whoever looks into the log: by signal, under a name that no signal can have. */
const missing = ({ results }: Round): Record<string, unknown> => {
  const named = results.flatMap(({ signal, error }) => (error ? [[signal, error.name]] : []))
  return named.length === 0 ? {} : { not_measured: Object.fromEntries(named) }
}

/**
 * The plan with the recorded values of the baselines that its probes are compared with. A bucket that does not answer keeps no probe
 * from being asked: what it would have been compared with is not known then, and its alarm judges alone.
 */
const recorded = async (plan: Plan, { objects, clock }: Pick<ProbePorts, 'objects' | 'clock'>): Promise<Plan> => {
  if (!probesOf(plan).some(({ definition }) => typeof definition.baseline === 'string')) return plan
  const looked = await inTime(() => withBaselines(plan, objects), BUCKET_MS, clock)
  return looked.known ? looked.value.plan : plan
}

/**
 * The scheduled function: one round of the probes of every plan, or of the one that is named. Publishes what it measured
 * and gives it back, for whoever is told of the end of the function (`core/probe/destination.ts`).
 */
export const probe = async (event: unknown, ports: ProbePorts): Promise<Round[]> => {
  const { plan: asked } = parse(event)
  const { plans, clock, environment, metrics, signal } = ports
  const round = async (name: string): Promise<Round> => {
    const plan = await recorded(await plans.load(name), ports)
    const found = await probeRound(plan, ports)
    metrics.publish(clock.now(), valuesOf(plan, found, environment), missing(found))
    return found
  }
  if (asked !== undefined) return [await round(asked)]
  // At the same time, over a connection each: no plan waits for the slow probes of another, or goes without for its errors.
  return Promise.all(
    (await plans.names()).map((name) =>
      round(name).catch((error: unknown): Round => {
        signal.throwIfAborted()
        return { plan: name, at: clock.now().toISOString(), connectFailed: false, error: told(error), results: [] }
      }),
    ),
  )
}
