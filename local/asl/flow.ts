import type { Flow } from './definition.ts'
import type { Json } from './json.ts'
import type { Place, Variables } from './run.ts'
import { runState } from './state.ts'

/**
 * Runs the states of a flow from its first to an end. It reads the variables given; what it assigns stays inside.
 * Gives the output of its last state. Throws `StateError` when a state fails, and the signal's reason when it aborts.
 */
export async function runFlow(flow: Flow, input: Json, outer: Variables, place: Place): Promise<Json> {
  let variables = outer
  let name: string | null = flow.StartAt
  let value = input
  while (name !== null) {
    place.signal.throwIfAborted()
    const state = flow.States[name]
    if (state === undefined) throw new Error(`there is no state "${name}"`)
    const { output, assigned, next } = await runState(name, state, value, variables, place)
    variables = { ...variables, ...assigned }
    value = output
    name = next
  }
  return value
}
