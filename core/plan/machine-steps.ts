import type { Plan } from './load.ts'
import type { PlanStep, VerifyInput } from './steps.ts'
import { type Route, stepsOf } from './work-of.ts'

type MachineStep = PlanStep | { readonly kind: 'verify-outside'; readonly input: VerifyInput }

/** The steps of a route as the state machine runs them: what is verified outside the database is asked right before the rest. */
export const machineSteps = (plan: Pick<Plan, 'paths'>, route: Route): readonly MachineStep[] =>
  stepsOf(plan, route).flatMap((step): MachineStep[] =>
    step.kind === 'verify' ? [{ kind: 'verify-outside', input: step.input }, step] : [step],
  )
