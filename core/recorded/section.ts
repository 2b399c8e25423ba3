import type { z } from 'zod'
import type { Plan } from '#core/plan/load.ts'
import type { Parameters } from '#core/ports-config.ts'
import type { ConfigMaps, Workloads } from '#core/ports-platform.ts'
import type { ParameterGroups } from '#core/ports-rds.ts'

/** What the sections of a record are read with. */
export interface RecordPorts {
  readonly parameters: Parameters
  readonly parameterGroups: ParameterGroups
  readonly workloads: Workloads
  readonly configMaps: ConfigMaps
}

/** One kind of thing in a record of the good state: its shape, and how it is read. */
export interface Section<Content> {
  readonly shape: z.ZodType<Content>
  /** What the plan's steps name of this kind, as it is now; `null` when they name nothing. Reads only. */
  read(plan: Plan, environment: string, ports: RecordPorts): Promise<Content | null>
}
