import type { Plan } from './load.ts'
import type { PlanStep, VerifyInput } from './steps.ts'
import { type Route, stepsOf } from './work-of.ts'

type MachineStep = PlanStep | { readonly kind: 'verify-outside'; readonly input: VerifyInput }

/** What is verified outside the database is asked right before the rest. */
const inMachine = (steps: readonly PlanStep[]): readonly MachineStep[] =>
  steps.flatMap((step): MachineStep[] =>
    step.kind === 'verify' ? [{ kind: 'verify-outside', input: step.input }, step] : [step],
  )

/** The steps of a route as the state machine runs them. */
export const machineSteps = (plan: Pick<Plan, 'paths'>, route: Route): readonly MachineStep[] =>
  inMachine(stepsOf(plan, route))

/** Those that follow the snapshot of a full rollback. */
export const stepsAfterwards = (plan: Pick<Plan, 'paths'>): readonly MachineStep[] =>
  inMachine(plan.paths.full?.afterwards ?? [])
