import { z } from 'zod'
import { RollbackError } from '#core/errors.ts'
import { leaveOpen } from '#core/incident/left-open.ts'
import { requireMayChange } from '#core/incident/may-change.ts'
import { planToChange } from '#core/incident/plan-to-change.ts'
import { inEnvironment } from '#core/plan/parameter-name.ts'
import { ParameterGroupInput } from '#core/plan/steps-rds.ts'
import type { GroupName, GroupParameter, GroupUser } from '#core/ports-rds.ts'
import { notLookedAt, recordedFor } from '#core/recorded/choose.ts'
import { keepFound, readFound } from '#core/recorded/found.ts'
import { groupKey, pick, type RecordedGroupParameter, recordedGroupForm } from '#core/recorded/parameter-groups.ts'
import { readBack } from '#core/relief/read-back.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'

/** What the record of the incident has of a look before the change. */
const Found = z.array(
  z.strictObject({
    name: z.string(),
    value: z.string().nullable(),
    source: z.string(),
    apply: z.enum(['dynamic', 'static']),
    modifiable: z.boolean(),
  }),
)

const same = (a: RecordedGroupParameter, b: RecordedGroupParameter): boolean =>
  a.set ? b.set && a.value === b.value : !b.set

const print = (then: RecordedGroupParameter): string =>
  then.set ? `"${then.value}"` : `the default of the engine (${then.shown ?? 'none'})`

const requireModifiable = (parameters: readonly GroupParameter[], group: string): void => {
  const fixed = parameters.filter(({ modifiable }) => !modifiable).map(({ name }) => name)
  if (fixed.length === 0) return
  throw new RollbackError('ParameterGroup.Fixed', `RDS lets nobody change "${fixed.join('", "')}" of "${group}".`, {
    fix: 'Nothing was changed. Take it out of the plan.',
    category: 'refused',
  })
}

/** A reboot ends every connection: when it may be is for people to say. */
const askToReboot = ({ of }: GroupName, users: readonly GroupUser[], names: readonly string[]): string =>
  users
    .map(({ name }) =>
      of === 'instance'
        ? `Reboot "${name}" in a window, so that ${names.join(', ')} take effect: aws rds reboot-db-instance --db-instance-identifier ${name}.`
        : `Reboot the instances of cluster "${name}" in a window, so that ${names.join(', ')} take effect: aws rds reboot-db-cluster or reboot-db-instance.`,
    )
    .join(' ')

export const parameterGroup = defineStep({
  kind: 'parameter-group',
  purpose: 'Puts database parameters back to their recorded values; never reboots.',
  event: inRun(ParameterGroupInput),
  needs: ['parameterGroups', 'objects', 'plans', 'environment', 'clock', 'signal'],
  run: async ({ run, input }, { parameterGroups, objects, plans, environment, clock, signal }) => {
    const plan = await planToChange(run, { plans, objects })
    const name: GroupName = { of: input.of, group: inEnvironment(input.group, environment) }
    const chosen = await recordedFor(run, plan, objects)
    const recorded = chosen.record.parameterGroups?.[groupKey(name)]
    const then = (parameter: string): RecordedGroupParameter => {
      const found = recorded?.[parameter]
      if (found) return found
      throw notLookedAt(`"${parameter}" of parameter group "${name.group}"`, chosen)
    }
    for (const parameter of input.parameters) then(parameter)
    const look = async () => pick(name, await parameterGroups.read(name), input.parameters)
    const different = (all: readonly GroupParameter[]) =>
      all.filter((now) => !same(then(now.name), recordedGroupForm(now)))
    const step = { kind: 'parameter-group', input }
    const earlier = await readFound(run, step, objects)
    const found = await look()
    const changes = different(found)
    const at = clock.now().toISOString()
    if (changes.length > 0) {
      requireModifiable(changes, name.group)
      await keepFound(run, { ...step, record: chosen.key, found }, { objects, at })
      await requireMayChange(run, objects)
      await parameterGroups.write(
        name,
        changes.map(({ name: parameter, apply }) => {
          const to = then(parameter)
          return { name: parameter, apply, value: to.set ? to.value : null }
        }),
      )
      await readBack(async () => different(await look()).map(({ name: parameter }) => parameter), { clock, signal })
    }
    const users = await parameterGroups.users(name)
    // Of this incident, and not of this call alone: the one before may have been killed before it could ask.
    const changed = earlier === null ? changes : different(Found.parse(earlier))
    const fixed = changed.filter(({ apply }) => apply === 'static').map(({ name: parameter }) => parameter)
    const waiting = fixed.length > 0 ? users : users.filter(({ status }) => status === 'pending-reboot')
    const names = fixed.length > 0 ? fixed : found.filter(({ apply }) => apply === 'static').map((one) => one.name)
    const ask = names.length > 0 ? askToReboot(name, waiting, names) : ''
    if (ask !== '') await leaveOpen(run, { what: `reboot ${groupKey(name)}`, text: ask, at }, objects)
    const done =
      changes.length === 0
        ? `${input.parameters.join(', ')} of "${name.group}" are as recorded at ${chosen.record.at}`
        : `${changes.map((one) => `${one.name} back to ${print(then(one.name))}`).join(', ')} in "${name.group}", as recorded at ${chosen.record.at}`
    return { changed: changes.length > 0, detail: ask === '' ? done : `${done}. ${ask}`, waitSeconds: 0 }
  },
})
