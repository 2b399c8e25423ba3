import { RollbackError } from '#core/errors.ts'
import { canonicalJson } from '#core/json.ts'
import type { FlagPath } from '#core/names.ts'
import { type Component, fittingRow, printRow, versionOfImage } from '#core/plan/compatibility.ts'
import type { PlanFile } from '#core/plan/schema.ts'
import { placeWorkload, printWorkload, type Workload } from '#core/plan/workloads.ts'
import type { Flags } from '#core/ports.ts'
import type { Workloads, WorkloadVersion } from '#core/ports-platform.ts'

interface Ports {
  readonly workloads: Workloads
  readonly flags: Pick<Flags, 'read'>
  readonly environment: string
}

const unknownVersion = (what: string, seen: string): RollbackError =>
  new RollbackError('Version.Unknown', `The version of ${what} is not known: ${seen}.`, {
    fix: 'What works together cannot be told: give the image a tag that is a version, or take the component out of compatibility.',
    category: 'refused',
  })

/** Of a function from an archive, its number is all that it has. */
const versionOf = (name: string, { version, images }: WorkloadVersion): string => {
  if (images.length === 0 && /^\d+$/.test(version)) return version
  const found = images.map(versionOfImage).find((one) => one !== null)
  if (found === undefined || found === null)
    throw unknownVersion(`component "${name}"`, `its images are ${images.join(', ') || 'none'}`)
  return found
}

const presentVersion = async (name: string, component: Component, ports: Ports): Promise<string | null> => {
  if (component.from === 'parameter') {
    const parameter = component.parameter.replaceAll('{env}', ports.environment) as FlagPath
    const value = (await ports.flags.read(parameter))?.value ?? 'none'
    if (value === 'none') return null
    if (!/^\d+(\.\d+){0,2}$/.test(value)) throw unknownVersion(`component "${name}"`, `"${parameter}" is "${value}"`)
    return value
  }
  const workload = placeWorkload(component.workload, ports.environment)
  const { version } = await ports.workloads.look(workload)
  return versionOf(name, await ports.workloads.version(workload, version))
}

/**
 * What callers have to know of a version that a workload is to be brought to; `null` when there is nothing to say. Throws
 * `Version.Incompatible` when it would run beside versions that it does not work with, `Version.Unknown` when one of them cannot be told.
 */
export const requireCompatible = async (
  { compatibility }: Pick<PlanFile, 'compatibility'>,
  workload: Workload,
  target: WorkloadVersion,
  ports: Ports,
): Promise<string | null> => {
  const components = Object.entries(compatibility?.components ?? {})
  const isTarget = (component: Component): boolean =>
    component.from === 'workload' &&
    canonicalJson(placeWorkload(component.workload, ports.environment)) === canonicalJson(workload)
  if (!compatibility || !components.some(([, component]) => isTarget(component))) return null
  const versions: Record<string, string | null> = {}
  for (const [name, component] of components)
    versions[name] = isTarget(component) ? versionOf(name, target) : await presentVersion(name, component, ports)
  const row = fittingRow(compatibility, versions)
  if (row) return row.clients ?? null
  const would = Object.entries(versions).map(([name, version]) => `${name} ${version ?? 'none'}`)
  throw new RollbackError(
    'Version.Incompatible',
    `${printWorkload(workload)} is not brought to ${target.label}: ${would.join(' with ')} do not work together.`,
    {
      fix: `Nothing was changed. These do: ${compatibility.fits.map(printRow).join('; ')}. Bring the others back first, or name another version.`,
      category: 'refused',
    },
  )
}
