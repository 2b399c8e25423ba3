import type { ParallelState } from './definition.ts'
import { runFlow } from './flow.ts'
import { byteLength, type Json, MAX_PAYLOAD_BYTES } from './json.ts'
import { evaluate, type Scene } from './jsonata.ts'
import type { Place } from './run.ts'
import { dataLimitExceeded } from './state-error.ts'
import { abortedEvent, together } from './together.ts'

/**
 * One attempt of a Parallel: the outputs of its branches, in their order. Every branch gets the Arguments, or the input,
 * and reads the outer variables. The first branch that fails gives the others up and fails the state with its own error.
 */
export async function runParallel(state: ParallelState, scene: Scene, place: Place): Promise<Json> {
  const { history } = place.run
  const input = state.Arguments === undefined ? scene.input : await evaluate(state.Arguments, 'Arguments', scene)
  history.append(place.cursor, 'ParallelStateStarted')
  const { Branches } = state
  const { outcomes, failed } = await together(place, Branches.length, Branches.length, (index, branch) => {
    const flow = Branches[index]
    if (flow === undefined) throw new Error(`there is no branch ${index}`)
    return runFlow(flow, input, scene.variables, branch)
  })
  const failure = failed === null ? undefined : outcomes[failed]
  if (failure?.kind === 'failed') {
    const { previous } = failure.place.cursor
    for (const outcome of outcomes) {
      const type = outcome === undefined || outcome.kind === 'done' ? null : abortedEvent(outcome.place)
      if (type !== null) history.note(previous, type)
    }
    place.cursor.previous = history.note(previous, 'ParallelStateFailed')
    throw failure.error
  }
  place.cursor.previous = Math.max(...outcomes.map((outcome) => outcome?.place.cursor.previous ?? 0))
  history.note(place.cursor.previous, 'ParallelStateSucceeded')
  const results = outcomes.map((outcome) => (outcome?.kind === 'done' ? outcome.value : null))
  if (byteLength(results) > MAX_PAYLOAD_BYTES) throw dataLimitExceeded(scene.state)
  return results
}
