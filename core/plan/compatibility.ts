import { z } from 'zod'
import { exactlyOne, pattern } from './pattern.ts'
import { inVersionRange, VERSION_RANGE } from './versions.ts'
import { Name } from './vocabulary.ts'
import { WORKLOAD_KEYS, WORKLOAD_SHAPE, type Workload, workloadOf } from './workloads.ts'

const ParameterOfVersion = pattern(
  /^(?!\/(aws|ssm)(\/|$))(\/([A-Za-z0-9_.-]|\{env\})+){1,15}$/,
  'the name of an SSM parameter',
  'Start with "/", and use only letters, digits, "_.-" and {env}: /app/{env}/SDK_VERSION.',
)

/** Where the version of a component stands. */
export type Component =
  | { readonly from: 'workload'; readonly workload: Workload }
  | { readonly from: 'parameter'; readonly parameter: string }

const ComponentText = z
  .strictObject({
    ...WORKLOAD_SHAPE,
    parameter: ParameterOfVersion.optional().describe(
      'SSM parameter that says the version, or "none"; one that is not there is none.',
    ),
  })
  .superRefine(exactlyOne('This component', [...WORKLOAD_KEYS, 'parameter']))
  .transform(({ parameter, ...place }): Component => {
    if (parameter !== undefined) return { from: 'parameter', parameter }
    const workload = workloadOf(place)
    return workload === null ? z.NEVER : { from: 'workload', workload }
  })
  .describe('Whose version it is: of a workload, the tag of its first image that is a version.')

/** A range, `none` (it is not there) or `any`. */
const Fit = z
  .string()
  .superRefine((text, context) => {
    if (text === 'none' || text === 'any' || VERSION_RANGE.test(text)) return
    context.addIssue({
      code: 'custom',
      message: `"${text}" is not a range of versions.`,
      params: { fix: 'Write comparators and spaces (">=1.8.0 <1.9"), none or any.' },
    })
  })
  .meta({ examples: ['>=1.8.0 <1.9', 'none', 'any'] })

/** Which versions work together. What stands in no row does not. */
export const Compatibility = z
  .strictObject({
    components: z
      .record(Name, ComponentText)
      .refine((components) => Object.keys(components).length > 1, 'One component always fits itself.')
      .describe('What has versions.'),
    fits: z
      .array(
        z.strictObject({
          versions: z
            .record(Name, Fit)
            .describe('By component: a range, none or any. A component left out may be any.'),
          clients: z
            .string()
            .min(1)
            .optional()
            .describe('What callers have to know of these versions; said at every change.'),
        }),
      )
      .min(1)
      .describe('The rows of the matrix.'),
  })
  .describe('The compatibility matrix: going back to a version that fits no row is refused.')
export type Compatibility = z.output<typeof Compatibility>
export type FittingRow = Compatibility['fits'][number]

const fits = (version: string | null, range: string): boolean =>
  range === 'any' || (version === null ? range === 'none' : range !== 'none' && inVersionRange(version, range))

/** The first row that all the versions fit; `null`: they do not work together. A version of `null` is a component that is not there. */
export const fittingRow = (
  { fits: rows }: Pick<Compatibility, 'fits'>,
  versions: Readonly<Record<string, string | null>>,
): FittingRow | null =>
  rows.find((row) => Object.entries(versions).every(([name, version]) => fits(version, row.versions[name] ?? 'any'))) ??
  null

/** `hivellm/vectorizer:v1.8.0-alpine` → `1.8.0`; `null` for a tag that is no version. */
export const versionOfImage = (image: string): string | null => {
  const [name = ''] = image.split('@')
  const [, tag = ''] = /:([^:/]+)$/.exec(name) ?? []
  return /^v?(\d+(?:\.\d+){0,2})(?:[-+].*)?$/.exec(tag)?.[1] ?? null
}

/** For people: `vectorizer >=1.8.0 <1.9 with sdk >=1.0.0`. */
export const printRow = ({ versions }: FittingRow): string =>
  Object.entries(versions)
    .map(([name, range]) => `${name} ${range}`)
    .join(' with ')
