import type { ChoiceState } from './definition.ts'
import { evaluateAs, framed, type Scene } from './jsonata.ts'
import { type Settled, settle } from './settle.ts'
import { StateError } from './state-error.ts'

/**
 * The first rule whose condition is true, with its own Assign and Output; the state's belong to Default. Without a
 * Default, no match is `States.Runtime`, in the words of AWS.
 */
export async function runChoice(state: ChoiceState, scene: Scene): Promise<Settled & { next: string }> {
  for (const [index, rule] of state.Choices.entries()) {
    const field = `Choices[${index}]`
    if (!(await evaluateAs('boolean', rule.Condition, `${field}/Condition`, scene))) continue
    return { ...(await settle(rule, scene, scene.input, `${field}/`)), next: rule.Next }
  }
  if (state.Default === undefined) {
    throw new StateError(
      'States.Runtime',
      framed(scene, 'Failed to transition out of the state. The state does not point to a next state.'),
    )
  }
  return { ...(await settle(state, scene, scene.input)), next: state.Default }
}
