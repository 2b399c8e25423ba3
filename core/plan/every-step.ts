import type { PlanFile } from './schema.ts'
import { type PlanStep, STEP_KINDS, type StepInput, type StepKind } from './steps.ts'

const isStep = (value: object): value is PlanStep =>
  'kind' in value && 'input' in value && (STEP_KINDS as readonly unknown[]).includes(value.kind)

const stepsIn = (value: unknown): PlanStep[] => {
  if (typeof value !== 'object' || value === null) return []
  return isStep(value) ? [value] : Object.values(value).flatMap(stepsIn)
}

/** The steps of all paths, wherever they stand in them: what may be touched is granted and recorded, whichever path it is. */
export const everyStep = (plan: Pick<PlanFile, 'paths'>): PlanStep[] => stepsIn(plan.paths)

/** What those of one kind take. */
export const stepsOfKind = <K extends StepKind>(plan: Pick<PlanFile, 'paths'>, kind: K): StepInput<K>[] =>
  everyStep(plan).flatMap((step) => (step.kind === kind ? [step.input as StepInput<K>] : []))
