import { z } from 'zod'
import type { Run } from '#core/incident/run.ts'
import { digestOf, readJson, writeJson } from '#core/json.ts'
import { printWorkload, type Workload } from '#core/plan/workloads.ts'
import type { Clock, Objects } from '#core/ports.ts'
import type { WorkloadState } from '#core/ports-platform.ts'
import { workloadKeys } from '#core/workloads/keys.ts'

/** `incidents/<id>/platform/<kind>-<digest>.json`: what a step found, before it changed anything. Written once. */
const Found = z.strictObject({
  workload: z.string(),
  at: z.string(),
  version: z.string(),
  count: z.int().nullable(),
  rollout: z.string(),
  /** Versions that the platform had, newest first, with their images: what can be gone back to by hand. */
  versions: z
    .array(z.strictObject({ version: z.string(), label: z.string(), images: z.array(z.string()) }))
    .default([]),
  /** Where the step goes; `null` where it stays in its version. */
  target: z
    .strictObject({ version: z.string(), label: z.string(), images: z.array(z.string()), count: z.int().nullable() })
    .nullable(),
})
export type Found = z.infer<typeof Found>

/** `…-begun.json`: the rollout that was the newest one before the step started its own, and when that was. */
const Begun = z.strictObject({ at: z.string(), rollout: z.string() })
export type Begun = z.infer<typeof Begun>

/** The name of a step's records: the same each time that it is asked, another one on another path. */
export const stepName = (run: Run, kind: string, input: unknown): string =>
  `${kind}-${digestOf([run.path, kind, input]).slice(0, 20)}`

interface Ports {
  readonly objects: Objects
  readonly clock: Pick<Clock, 'now'>
}

export const readFound = async (run: Run, step: string, { objects }: Pick<Ports, 'objects'>): Promise<Found | null> => {
  const found = await readJson(objects, workloadKeys.found(run.incident, step))
  return found && Found.parse(found.value)
}

/** Resolves to what stands there: of two that write at once, the first one counts. */
export const writeFound = async (
  run: Run,
  step: string,
  {
    workload,
    state,
    ...rest
  }: { readonly workload: Workload; readonly state: WorkloadState } & Pick<Found, 'versions' | 'target'>,
  { objects, clock }: Ports,
): Promise<Found> => {
  const found: Found = {
    workload: printWorkload(workload),
    at: clock.now().toISOString(),
    version: state.version,
    count: state.count,
    rollout: state.rollout.id,
    ...rest,
  }
  if (await writeJson(objects, workloadKeys.found(run.incident, step), found, { ifAbsent: true })) return found
  return (await readFound(run, step, { objects })) ?? found
}

export const readBegun = async (run: Run, step: string, objects: Objects): Promise<Begun | null> => {
  const found = await readJson(objects, workloadKeys.begun(run.incident, step))
  return found && Begun.parse(found.value)
}

/** Before the first change: who is killed after it finds that it may have been made. */
export const writeBegun = async (
  run: Run,
  step: string,
  rollout: string,
  { objects, clock }: Ports,
): Promise<Begun> => {
  const begun: Begun = { at: clock.now().toISOString(), rollout }
  if (await writeJson(objects, workloadKeys.begun(run.incident, step), begun, { ifAbsent: true })) return begun
  return (await readBegun(run, step, objects)) ?? begun
}
