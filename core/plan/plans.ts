import type { Plan } from '#core/plan/load.ts'

/** The plans that this deployment protects. */
export interface Plans {
  /** Throws `Plan.Unknown` naming the plans there are. */
  load(name: string): Promise<Plan>
  names(): Promise<string[]>
}
