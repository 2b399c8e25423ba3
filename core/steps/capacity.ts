import { RollbackError } from '#core/errors.ts'
import { requireMayChange } from '#core/incident/may-change.ts'
import { planToChange } from '#core/incident/plan-to-change.ts'
import type { Run } from '#core/incident/run.ts'
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

/** RDS needs a moment: what was changed is looked at again then, and what it had no time for is tried again. */
const POLL_SECONDS = 10
const untilAvailable = (status: string): number => (status === 'available' ? 0 : POLL_SECONDS)

const write = async (
  run: Run,
  cluster: string,
  from: AcuRange,
  to: AcuRange,
  how: 'to' | 'back to',
  ports: CapacityPorts,
) => {
  await requireMayChange(run, ports.objects)
  return (await ports.capacities.write(cluster, to)) === 'busy'
    ? { changed: false, detail: `"${cluster}" has ${print(from)} and is busy`, waitSeconds: POLL_SECONDS }
    : { changed: true, detail: `"${cluster}" from ${print(from)} ${how} ${print(to)}`, waitSeconds: POLL_SECONDS }
}

const raise = async (run: Run, cluster: string, asked: AcuRange, ports: CapacityPorts) => {
  const { range, status } = await rangeOf(cluster, ports)
  const to = { min: Math.max(range.min, asked.min), max: Math.max(range.max, asked.max) }
  if (to.min === range.min && to.max === range.max)
    return {
      changed: false,
      detail: `"${cluster}" has ${print(range)}`,
      waitSeconds: untilAvailable(status),
    }
  const at = ports.clock.now().toISOString()
  await keepRelief(run, { kind: 'capacity', thing: cluster }, { before: range, set: to, at }, ports.objects)
  return write(run, cluster, range, to, 'to', ports)
}

const lower = async (run: Run, cluster: string, ports: CapacityPorts) => {
  const { range, status } = await rangeOf(cluster, ports)
  const back = await putBackTo({ plan: run.plan, kind: 'capacity', thing: cluster }, range, ports.objects)
  if (back.kind === 'to' && isRange(back.value)) return write(run, cluster, range, back.value, 'back to', ports)
  if (back.kind !== 'none') await endReliefs(run, back.open, ports.clock.now().toISOString(), ports.objects)
  const why = {
    none: ': nothing is to be put back',
    back: ' again',
    to: ', which no step has set: left alone',
    'changed-since': ', which no step has set: left alone',
  }[back.kind]
  return { changed: false, detail: `"${cluster}" has ${print(range)}${why}`, waitSeconds: untilAvailable(status) }
}

export const capacity = defineStep({
  kind: 'capacity',
  purpose: 'Gives a cluster more capacity for a while, or puts its range back.',
  event: inRun(CapacityInput),
  needs: ['capacities', 'objects', 'plans', 'environment', 'clock'],
  run: async ({ run, input }, { capacities, objects, plans, environment, clock }) => {
    await planToChange(run, { plans, objects })
    const ports = { capacities, objects, clock }
    const cluster = inEnvironment(input.cluster ?? input.back ?? '', environment)
    return input.cluster === undefined
      ? lower(run, cluster, ports)
      : raise(run, cluster, { min: input.min ?? 0, max: input.max ?? 0 }, ports)
  },
})
