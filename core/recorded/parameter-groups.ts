import { z } from 'zod'
import { RollbackError } from '#core/errors.ts'
import { touchedGroups } from '#core/plan/touched.ts'
import type { GroupName, GroupParameter } from '#core/ports-rds.ts'
import type { Section } from '#core/recorded/section.ts'

/** A parameter of a group: a value that somebody has set, or whatever the engine has by default. */
const RecordedGroupParameter = z.discriminatedUnion('set', [
  z.strictObject({ set: z.literal(true), value: z.string() }),
  z.strictObject({ set: z.literal(false), shown: z.string().nullable() }),
])
export type RecordedGroupParameter = z.infer<typeof RecordedGroupParameter>

/** By `instance/<group>` or `cluster/<group>`, then by name: those parameters that the plan's steps name. */
export const RecordedGroups = z.record(z.string(), z.record(z.string(), RecordedGroupParameter))
export type RecordedGroups = z.infer<typeof RecordedGroups>

export const groupKey = ({ of, group }: GroupName): string => `${of}/${group}`

/** What a step puts back is what stood there, so the source counts: a default that was written down as a value would stay for good. */
export const recordedGroupForm = ({ value, source }: GroupParameter): RecordedGroupParameter =>
  source === 'user' && value !== null ? { set: true, value } : { set: false, shown: value }

/** Throws `ParameterGroup.Missing`: it, or one of its parameters. */
export const pick = (
  name: GroupName,
  all: readonly GroupParameter[] | null,
  wanted: readonly string[],
): GroupParameter[] => {
  const missing = (what: string) =>
    new RollbackError('ParameterGroup.Missing', `There is no ${what}.`, {
      fix: 'Nothing was changed. Correct the plan: the name, and whether it is a group of instances or of clusters (of).',
      category: 'refused',
    })
  if (all === null)
    throw missing(`parameter group "${name.group}" of ${name.of === 'cluster' ? 'clusters' : 'instances'}`)
  return wanted.map((parameter) => {
    const found = all.find((one) => one.name === parameter)
    if (found) return found
    throw missing(`parameter "${parameter}" in parameter group "${name.group}"`)
  })
}

export const parameterGroupsSection: Section<RecordedGroups> = {
  shape: RecordedGroups,
  async read(plan, environment, { parameterGroups }) {
    const recorded: RecordedGroups = {}
    for (const { parameters, ...name } of touchedGroups(plan, environment)) {
      const found = pick(name, await parameterGroups.read(name), parameters)
      recorded[groupKey(name)] = Object.fromEntries(found.map((one) => [one.name, recordedGroupForm(one)]))
    }
    return Object.keys(recorded).length === 0 ? null : recorded
  },
}
