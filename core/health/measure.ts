import { readDrill } from '#core/decide/drill.ts'
import { readDecisions } from '#core/decide/record.ts'
import { healthMetric } from '#core/health/metrics.ts'
import type { Plan } from '#core/plan/load.ts'
import { printRoute } from '#core/plan/work-of.ts'
import type { MetricValue, Objects } from '#core/ports.ts'
import { isManifestKey, snapshotsPrefix } from '#core/snapshot/keys.ts'
import type { Ports } from '#core/steps/define-step.ts'

const DAY_MS = 86_400_000
/** Between two looks: what was contained meanwhile is told once. */
export const LOOK_MS = 3_600_000

interface Snapshots {
  readonly bytes: number
  /** When the newest was sealed; `null` when none is. */
  readonly sealed: Date | null
}

const snapshotsOf = async (objects: Objects, plan: Plan): Promise<Snapshots> => {
  let bytes = 0
  let sealed: Date | null = null
  for await (const object of objects.list(snapshotsPrefix(plan.name))) {
    bytes += object.bytes
    if (isManifestKey(object.key) && (sealed === null || object.modified > sealed)) sealed = object.modified
  }
  return { bytes, sealed }
}

/** Paths and scenarios that an alarm may take beyond flags, by the plan's table: these have to be drilled. */
const drilledRoutes = ({ decide }: Plan): string[] => [
  ...new Set(decide.filter(({ path }) => path !== 'monitor' && path !== 'flag').map(printRoute)),
]

const overdue = async (objects: Objects, plan: Plan, now: Date): Promise<string[]> => {
  const routes = drilledRoutes(plan)
  const drills = await Promise.all(routes.map((route) => readDrill(objects, plan.name, route)))
  return routes.filter((_, i) => {
    const drill = drills[i]
    return !drill || now.getTime() - Date.parse(drill.createdAt) > plan.drill.within
  })
}

const secondsToContain = async (objects: Objects, plan: Plan, now: Date): Promise<number[]> => {
  // A day more: an alarm may have been dealt with long after it changed.
  const window = { from: new Date(now.getTime() - LOOK_MS - DAY_MS), to: now }
  return (await readDecisions(objects, plan.name, window)).flatMap(({ event, decidedAt, done }) => {
    const age = now.getTime() - Date.parse(decidedAt)
    if (done.contained === null || age < 0 || age >= LOOK_MS) return []
    return [Math.max(0, (Date.parse(done.contained.at) - Date.parse(event.at)) / 1000)]
  })
}

/** What became of one plan, for the log and for whoever calls the function by hand. */
export interface Health {
  readonly plan: string
  readonly snapshotBytes: number
  readonly snapshotAgeDays: number | null
  readonly drillsOverdue: readonly string[]
  readonly secondsToContain: readonly number[]
}

const look = async (plan: Plan, objects: Objects, now: Date): Promise<Health> => {
  const { bytes, sealed } = await snapshotsOf(objects, plan)
  return {
    plan: plan.name,
    snapshotBytes: bytes,
    snapshotAgeDays: sealed === null ? null : Math.max(0, (now.getTime() - sealed.getTime()) / DAY_MS),
    drillsOverdue: await overdue(objects, plan, now),
    secondsToContain: await secondsToContain(objects, plan, now),
  }
}

const valuesOf = (plan: Plan, health: Health, environment: string): MetricValue[] => {
  const value = (which: Parameters<typeof healthMetric>[0], values: readonly number[]): MetricValue[] =>
    values.length === 0 ? [] : [{ ...healthMetric(which, plan, environment), values }]
  return [
    ...value('snapshotBytes', [health.snapshotBytes]),
    ...value('snapshotAge', health.snapshotAgeDays === null ? [] : [health.snapshotAgeDays]),
    ...value('drillsOverdue', [health.drillsOverdue.length]),
    ...value('timeToContain', health.secondsToContain),
  ]
}

type HealthPorts = Pick<Ports, 'objects' | 'plans' | 'clock' | 'environment' | 'metrics'>

/**
 * The hourly look at what goes stale while nothing happens: snapshots and drills, and how fast containment was. Reads the
 * bucket and publishes metrics; changes nothing. Throws after all plans were looked at, when one could not be.
 */
export const measureHealth = async (_event: unknown, ports: HealthPorts): Promise<Health[]> => {
  const { objects, plans, clock, environment, metrics } = ports
  const now = clock.now()
  const looked = await Promise.allSettled(
    (await plans.names()).map(async (name) => {
      const plan = await plans.load(name)
      const health = await look(plan, objects, now)
      metrics.publish(now, valuesOf(plan, health, environment), { drills: health.drillsOverdue })
      return health
    }),
  )
  const failed = looked.find((one) => one.status === 'rejected')
  if (failed) throw failed.reason
  return looked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
}
