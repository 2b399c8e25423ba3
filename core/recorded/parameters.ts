import { z } from 'zod'
import { flagParameters, restoredParameters } from '#core/plan/touched.ts'
import type { Parameters, StoredParameter } from '#core/ports-config.ts'
import type { Section } from '#core/recorded/section.ts'

/** A parameter in a record: of a SecureString only which version it was. */
export const RecordedParameter = z.discriminatedUnion('type', [
  z.strictObject({ type: z.enum(['String', 'StringList']), version: z.int(), modified: z.string(), value: z.string() }),
  z.strictObject({ type: z.literal('SecureString'), version: z.int(), modified: z.string() }),
])
export type RecordedParameter = z.infer<typeof RecordedParameter>

export const RecordedParameters = z.strictObject({
  /** Folders that were read whole: what is below them now and is not in `found` was not there then. */
  folders: z.array(z.string()),
  /** Single names that were looked for. */
  names: z.array(z.string()),
  found: z.record(z.string(), RecordedParameter),
})
export type RecordedParameters = z.infer<typeof RecordedParameters>

export const recordedForm = ({ type, version, modified, value }: StoredParameter): RecordedParameter =>
  type === 'SecureString' || value === null
    ? { type: 'SecureString', version, modified }
    : { type, version, modified, value }

/** The names that the steps name, and all that is below the folders; the plan's own flags are not configuration. */
const readAll = async (
  { folders, names }: { readonly folders: readonly string[]; readonly names: readonly string[] },
  flags: readonly string[],
  parameters: Parameters,
): Promise<Record<string, RecordedParameter>> => {
  const stored = [...(await parameters.read(names))]
  for (const folder of folders) stored.push(...(await parameters.below(folder)))
  return Object.fromEntries(
    stored
      .filter(({ name }) => !flags.includes(name))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map((parameter) => [parameter.name, recordedForm(parameter)]),
  )
}

export const parametersSection: Section<RecordedParameters> = {
  shape: RecordedParameters,
  async read(plan, environment, { parameters }) {
    const { folders, names } = restoredParameters(plan, environment)
    if (folders.length === 0 && names.length === 0) return null
    const found = await readAll({ folders, names }, flagParameters(plan, environment), parameters)
    return { folders: [...folders], names: [...names], found }
  },
}
