import { z } from 'zod'
import { RollbackError } from '#core/errors.ts'
import { readJson, writeJson } from '#core/json.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Clock, Objects } from '#core/ports.ts'
import { configMapsSection } from '#core/recorded/config-maps.ts'
import { recordedKeys } from '#core/recorded/keys.ts'
import { parameterGroupsSection } from '#core/recorded/parameter-groups.ts'
import { parametersSection } from '#core/recorded/parameters.ts'
import type { RecordPorts, Section } from '#core/recorded/section.ts'
import { servicesSection } from '#core/recorded/services.ts'

/** What a record has, by kind of thing. One entry is one file of this folder. */
const SECTIONS = {
  parameters: parametersSection,
  parameterGroups: parameterGroupsSection,
  services: servicesSection,
  configMaps: configMapsSection,
}
type SectionName = keyof typeof SECTIONS

/** `recorded/<plan>/<ISO time>.json`: the state to go back to, of everything outside the database that the steps of a plan name. Written once. */
export const Recorded = z.strictObject({
  version: z.literal(1),
  plan: z.string(),
  environment: z.string(),
  /** ISO 8601: everything was read before it. */
  at: z.string(),
  /** What people look it up by: the version that is in service. */
  reference: z.string().nullable(),
  parameters: SECTIONS.parameters.shape.optional(),
  parameterGroups: SECTIONS.parameterGroups.shape.optional(),
  services: SECTIONS.services.shape.optional(),
  configMaps: SECTIONS.configMaps.shape.optional(),
})
export type Recorded = z.infer<typeof Recorded>

const readSections = async (plan: Plan, environment: string, ports: RecordPorts) => {
  const read: Partial<Record<SectionName, unknown>> = {}
  for (const [name, section] of Object.entries(SECTIONS) as [SectionName, Section<unknown>][]) {
    const content = await section.read(plan, environment, ports)
    if (content !== null) read[name] = content
  }
  return read
}

/**
 * Records the state as it is now as good. To be called before a deployment. Resolves to `null` when the plan's steps name
 * nothing outside the database. Throws what the services throw: half a record is none.
 */
export const recordGoodState = async (
  plan: Plan,
  { environment, reference }: { readonly environment: string; readonly reference: string | null },
  ports: RecordPorts & { readonly objects: Objects; readonly clock: Pick<Clock, 'now'> },
): Promise<{ readonly key: string; readonly record: Recorded } | null> => {
  const sections = await readSections(plan, environment, ports)
  if (Object.keys(sections).length === 0) return null
  const at = ports.clock.now().toISOString()
  const record = Recorded.parse({ version: 1, plan: plan.name, environment, at, reference, ...sections })
  const key = recordedKeys.record(plan.name, at)
  if (await writeJson(ports.objects, key, record, { ifAbsent: true })) return { key, record }
  throw new RollbackError('Recorded.Exists', `"${key}" is there already: another one recorded at the same moment.`, {
    fix: 'Run it again.',
    category: 'busy',
  })
}

/** Throws `Recorded.Unreadable`. */
export const readRecord = async (objects: Objects, key: string): Promise<Recorded | null> => {
  const found = await readJson(objects, key).catch((error: unknown) => {
    if (error instanceof SyntaxError) return { value: null }
    throw error
  })
  if (!found) return null
  const read = Recorded.safeParse(found.value)
  if (read.success) return read.data
  throw new RollbackError('Recorded.Unreadable', `"${key}" is no record of a good state.`, {
    fix: 'It is written once and by "vector-rollback record" alone: look who wrote it. Put the configuration back by hand, or choose another path.',
    category: 'refused',
  })
}
