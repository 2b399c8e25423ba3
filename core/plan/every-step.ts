import type { PlanFile } from './schema.ts'
import type { PlanStep, StepInput, StepKind } from './steps.ts'

type WithPaths = Pick<PlanFile, 'paths'>

/** A step, and where it stands in plan.yaml: its list, its index there, its kind. */
export interface PlacedStep {
  readonly step: PlanStep
  readonly path: readonly PropertyKey[]
}

const stepsAt = (steps: readonly PlanStep[] | undefined, path: readonly PropertyKey[]): PlacedStep[] =>
  (steps ?? []).map((step, index) => ({ step, path: [...path, index, step.kind] }))

/** The steps of all paths, with their places. */
export const placedSteps = ({ paths: { partial, full } }: WithPaths): PlacedStep[] => [
  ...stepsAt(partial?.steps, ['paths', 'partial', 'steps']),
  ...Object.entries(partial?.scenarios ?? {}).flatMap(([name, { steps }]) =>
    stepsAt(steps, ['paths', 'partial', 'scenarios', name, 'steps']),
  ),
  ...stepsAt(full?.steps, ['paths', 'full', 'steps']),
  ...stepsAt(full?.afterwards, ['paths', 'full', 'afterwards']),
]

/** The steps of all paths, wherever they stand in them: what may be touched is granted and recorded, whichever path it is. */
export const everyStep = (plan: WithPaths): PlanStep[] => placedSteps(plan).map(({ step }) => step)

/** What those of one kind take. */
export const stepsOfKind = <K extends StepKind>(plan: WithPaths, kind: K): StepInput<K>[] =>
  everyStep(plan).flatMap((step) => (step.kind === kind ? [step.input as StepInput<K>] : []))
