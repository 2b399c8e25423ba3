import { eksConfigMaps } from '#aws/config-maps.ts'
import { ssmParameters } from '#aws/parameters.ts'
import { rdsParameterGroups } from '#aws/rds.ts'
import { awsWorkloads } from '#aws/workloads.ts'
import { loadPlan } from '#core/plan/load.ts'
import { recordGoodState } from '#core/recorded/record.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { findPlan } from './plans.ts'
import { atPlace, type PlaceOptions } from './snapshots/place.ts'

export interface RecordOptions extends PlaceOptions {
  readonly reference?: string
  readonly plans?: string
  readonly json?: boolean
}

/** What the sections of a record are read with, by the SDK's default credentials. */
export const recordPorts = () => ({
  parameters: ssmParameters(),
  parameterGroups: rdsParameterGroups(),
  workloads: awsWorkloads(),
  configMaps: eksConfigMaps(),
})

/** `vector-rollback record`: the state as it is now is what a rollback goes back to. */
export const record = async (planName: string, options: RecordOptions): Promise<ExitCode> => {
  const plan = await loadPlan(await findPlan(planName, options.plans))
  await atPlace(options, 'start', async ({ objects, label, environment }) => {
    const reference = options.reference ?? null
    const clock = { now: () => new Date() }
    const made = await recordGoodState(plan, { environment, reference }, { ...recordPorts(), objects, clock })
    const nothing = `Nothing to record: no step of ${plan.name} goes back to a recorded state.`
    const text = options.json
      ? JSON.stringify(made ? { key: made.key, ...made.record } : null, null, 2)
      : made
        ? `Recorded as good: ${label}/${made.key}`
        : nothing
    process.stdout.write(`${text}\n`)
  })
  return EXIT.ok
}
