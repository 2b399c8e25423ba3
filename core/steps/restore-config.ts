import { requireMayChange } from '#core/incident/may-change.ts'
import { planToChange } from '#core/incident/plan-to-change.ts'
import { inEnvironment } from '#core/plan/parameter-name.ts'
import type { Plans } from '#core/plan/plans.ts'
import { RestoreConfigInput } from '#core/plan/steps-config.ts'
import { flagParameters } from '#core/plan/touched.ts'
import { placeConfigMap } from '#core/plan/workloads.ts'
import { notLookedAt, recordedFor } from '#core/recorded/choose.ts'
import { keepFound } from '#core/recorded/found.ts'
import { restoreConfigMap } from '#core/recorded/restore-config-map.ts'
import { type ParameterPlan, planReturn, printReturn, putBack } from '#core/recorded/restore-parameters.ts'
import { readBack } from '#core/relief/read-back.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'

/** Names of one line: the record of the incident has all of them. */
const SHOWN = 12

const list = (names: readonly string[]): string =>
  names.length <= SHOWN ? names.join(', ') : `${names.slice(0, SHOWN).join(', ')} and ${names.length - SHOWN} more`

/** A folder may hold the flags of a neighbour as well: to put those back would switch a feature on. */
const flagsOfAllPlans = async (plans: Plans, environment: string): Promise<string[]> => {
  const all = await Promise.all((await plans.names()).map((name) => plans.load(name)))
  return all.flatMap((plan) => flagParameters(plan, environment))
}

const told = (where: string, at: string, { recorded, returns, since }: ParameterPlan): string =>
  [
    returns.length === 0
      ? `all ${recorded} parameters ${where} are as recorded at ${at}`
      : `${returns.length} of ${recorded} parameters ${where} put back as recorded at ${at}: ${list(returns.map(printReturn))}`,
    ...(since.length > 0 ? [`not there then, and left alone: ${list(since)}`] : []),
  ].join('; ')

export const restoreConfig = defineStep({
  kind: 'restore-config',
  purpose: 'Puts configuration back to what was recorded as good.',
  event: inRun(RestoreConfigInput),
  needs: ['parameters', 'configMaps', 'objects', 'plans', 'environment', 'clock', 'signal'],
  run: async ({ run, input }, { parameters, configMaps, objects, plans, environment, clock, signal }) => {
    const plan = await planToChange(run, { plans, objects })
    if (input.configmap) {
      const place = placeConfigMap(input.configmap, environment)
      return { ...(await restoreConfigMap(run, plan, place, { configMaps, objects, clock })), waitSeconds: 0 }
    }
    const folder = input.path === undefined ? null : inEnvironment(input.path, environment)
    const names = (input.parameters ?? []).map((name) => inEnvironment(name, environment))
    const chosen = await recordedFor(run, plan, objects)
    const recorded = chosen.record.parameters
    const unknown = names.filter((name) => !recorded?.names.includes(name))
    if (folder !== null && !recorded?.folders.includes(folder)) unknown.push(folder)
    if (!recorded || unknown.length > 0) throw notLookedAt(`parameters "${unknown.join('", "')}"`, chosen)
    const untouched = await flagsOfAllPlans(plans, environment)
    const look = () => planReturn({ folder, names }, recorded, { parameters, untouched })
    const planned = await look()
    const found = planned.found.map(({ value, ...rest }) => (rest.type === 'SecureString' ? rest : { ...rest, value }))
    if (planned.returns.length > 0)
      await keepFound(
        run,
        { kind: 'restore-config', input, record: chosen.key, found },
        { objects, at: clock.now().toISOString() },
      )
    for (const one of planned.returns) {
      await requireMayChange(run, objects)
      await putBack(one, parameters)
    }
    if (planned.returns.length > 0)
      await readBack(async () => (await look()).returns.map(({ name }) => name), { clock, signal })
    const where = folder === null ? 'of the step' : `below ${folder}`
    const detail = told(where, chosen.record.at, planned)
    return { changed: planned.returns.length > 0, detail, waitSeconds: 0 }
  },
})
