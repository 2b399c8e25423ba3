import { RollbackError } from '#core/errors.ts'
import { requireMayChange } from '#core/incident/may-change.ts'
import type { Run } from '#core/incident/run.ts'
import { requireSamePlan } from '#core/incident/same-plan.ts'
import { inEnvironment } from '#core/plan/parameter-name.ts'
import { CapacityInput } from '#core/plan/steps-rds.ts'
import type { Clock, Objects } from '#core/ports.ts'
import type { AcuRange, Capacities } from '#core/ports-rds.ts'
import { endReliefs, keepRelief, putBackTo } from '#core/relief/relief.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'

interface CapacityPorts {
  readonly capacities: Capacities
  readonly objects: Objects
  readonly clock: Clock
}

const print = ({ min, max }: AcuRange): string => `${min} to ${max} ACU`

const isRange = (value: unknown): value is AcuRange =>
  typeof value === 'object' && value !== null && 'min' in value && 'max' in value

/** Throws `Capacity.NoCluster`, `Capacity.NotServerless`. */
const rangeOf = async (
  cluster: string,
  { capacities }: CapacityPorts,
): Promise<{ range: AcuRange; status: string }> => {
  const found = await capacities.read(cluster)
  const refuse = (name: `${string}.${string}`, message: string) =>
    new RollbackError(name, message, {
      fix: 'Nothing was changed. Correct the plan: capacity is of Aurora Serverless v2 alone.',
      category: 'refused',
    })
  if (!found) throw refuse('Capacity.NoCluster', `There is no cluster "${cluster}".`)
  if (!found.range) throw refuse('Capacity.NotServerless', `Cluster "${cluster}" has no range of ACU.`)
  return { range: found.range, status: found.status }
}

/** RDS needs a moment. */
const POLL_SECONDS = 10

const settled = async (cluster: string, ports: CapacityPorts): Promise<number> =>
  (await rangeOf(cluster, ports)).status === 'available' ? 0 : POLL_SECONDS

const raise = async (run: Run, cluster: string, asked: AcuRange, ports: CapacityPorts) => {
  const { range } = await rangeOf(cluster, ports)
  const to = { min: Math.max(range.min, asked.min), max: Math.max(range.max, asked.max) }
  if (to.min === range.min && to.max === range.max)
    return { changed: false, detail: `"${cluster}" has ${print(range)}` }
  const at = ports.clock.now().toISOString()
  await keepRelief(run, { kind: 'capacity', thing: cluster }, { before: range, set: to, at }, ports.objects)
  await requireMayChange(run, ports.objects)
  await ports.capacities.write(cluster, to)
  return { changed: true, detail: `"${cluster}" from ${print(range)} to ${print(to)}` }
}

const lower = async (run: Run, cluster: string, ports: CapacityPorts) => {
  const { range } = await rangeOf(cluster, ports)
  const back = await putBackTo({ plan: run.plan, kind: 'capacity', thing: cluster }, range, ports.objects)
  const end = (open: readonly string[]) => endReliefs(run, open, ports.clock.now().toISOString(), ports.objects)
  if (back.kind === 'none')
    return { changed: false, detail: `"${cluster}" has ${print(range)}: nothing is to be put back` }
  if (back.kind === 'to' && isRange(back.value)) {
    await requireMayChange(run, ports.objects)
    await ports.capacities.write(cluster, back.value)
    await end(back.open)
    return { changed: true, detail: `"${cluster}" from ${print(range)} back to ${print(back.value)}` }
  }
  await end(back.open)
  return { changed: false, detail: `"${cluster}" has ${print(range)}, which no step has set: left alone` }
}

export const capacity = defineStep({
  kind: 'capacity',
  purpose: 'Gives a cluster more capacity for a while, or puts its range back.',
  event: inRun(CapacityInput),
  needs: ['capacities', 'objects', 'plans', 'environment', 'clock'],
  run: async ({ run, input }, { capacities, objects, plans, environment, clock }) => {
    requireSamePlan(run, await plans.load(run.plan))
    await requireMayChange(run, objects)
    const ports = { capacities, objects, clock }
    const cluster = inEnvironment(input.cluster ?? input.back ?? '', environment)
    const result =
      input.cluster === undefined
        ? await lower(run, cluster, ports)
        : await raise(run, cluster, { min: input.min ?? 0, max: input.max ?? 0 }, ports)
    return { ...result, waitSeconds: await settled(cluster, ports) }
  },
})
