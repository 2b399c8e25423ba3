import { findCatcher, settleCaught } from './catch.ts'
import { runChoice } from './choice.ts'
import type { FailState, FallibleState, State } from './definition.ts'
import { WHOLE } from './history.ts'
import { byteLength, type Json, MAX_PAYLOAD_BYTES } from './json.ts'
import { evaluateAs, type Scene } from './jsonata.ts'
import { runMap } from './map.ts'
import { runParallel } from './parallel.ts'
import { RetryBudget } from './retry.ts'
import { contextObject, type Place, type Variables } from './run.ts'
import { type Settled, settle } from './settle.ts'
import { dataLimitExceeded, QueryEvaluationError, StateError } from './state-error.ts'
import { runTask } from './task.ts'
import { pause } from './time.ts'
import { runWait } from './wait.ts'

/** `next: null` is the end of the flow. */
export type Left = Settled & { readonly next: string | null }

/** One visit to a state: entered, run, with its retries and its catchers, and exited. Throws what nothing caught. */
export async function runState(
  name: string,
  state: State,
  input: Json,
  variables: Variables,
  place: Place,
): Promise<Left> {
  const { run, cursor, at } = place
  run.history.requireRoom()
  const enteredAt = run.history.append(cursor, `${state.Type}StateEntered`, {
    stateEnteredEventDetails: { name, input: JSON.stringify(input), inputDetails: WHOLE },
  })
  at.type = state.Type
  if (byteLength(input) > MAX_PAYLOAD_BYTES) throw dataLimitExceeded(name)
  const enteredTime = run.env.clock.now().toISOString()
  const visit: Visit = {
    place,
    scene: (retryCount) => ({
      run,
      state: name,
      enteredAt,
      variables,
      input,
      context: contextObject(run, {
        Name: name,
        EnteredTime: enteredTime,
        ...(retryCount === undefined ? {} : { RetryCount: retryCount }),
      }),
    }),
  }
  if (state.Type === 'Fail') return recordingFailure(name, place, () => fail(state, visit.scene()))
  const left = await recordingFailure(name, place, () => leave(state, visit))
  run.history.append(cursor, `${state.Type}StateExited`, {
    stateExitedEventDetails: {
      name,
      output: JSON.stringify(left.output),
      outputDetails: WHOLE,
      ...assignedVariables(left.assigned),
    },
  })
  at.type = null
  return left
}

interface Visit {
  readonly place: Place
  /** What expressions see; states that retry have a RetryCount. */
  readonly scene: (retryCount?: number) => Scene
}

async function leave(state: Exclude<State, FailState>, visit: Visit): Promise<Left> {
  switch (state.Type) {
    case 'Pass': {
      const scene = visit.scene()
      return { ...(await settle(state, scene, scene.input)), next: state.Next ?? null }
    }
    case 'Wait': {
      const scene = visit.scene()
      await runWait(state, scene, visit.place)
      return { ...(await settle(state, scene, scene.input)), next: state.Next ?? null }
    }
    case 'Choice':
      return runChoice(state, visit.scene())
    case 'Succeed': {
      const scene = visit.scene()
      return { ...(await settle({ Output: state.Output }, scene, scene.input)), next: null }
    }
    default:
      return leaveFallible(state, visit)
  }
}

async function fail(state: FailState, scene: Scene): Promise<never> {
  const text = async (field: 'Error' | 'Cause') =>
    state[field] === undefined ? undefined : await evaluateAs('string', state[field], field, scene)
  throw new StateError(await text('Error'), await text('Cause'))
}

/** Retry first, then Catch. A failed expression of the state itself is retried and caught like any other failure. */
async function leaveFallible(state: FallibleState, { place, scene }: Visit): Promise<Left> {
  const { env } = place.run
  const retries = new RetryBudget(state.Retry)
  for (let retryCount = 0; ; retryCount++) {
    const seen = scene(state.Type === 'Parallel' ? undefined : retryCount)
    try {
      return await recordingFailure(seen.state, place, async () => {
        const result = await attempt(state, seen, place)
        return { ...(await settle(state, { ...seen, result }, result)), next: state.Next ?? null }
      })
    } catch (error) {
      if (!(error instanceof StateError)) throw error
      const delay = retries.next(error, () => env.random())
      if (delay === null) {
        const caught = findCatcher(state.Catch, error)
        if (caught === null) throw error
        return settleCaught(caught, seen, error)
      }
      await pause(env.clock, delay, place.signal)
    }
  }
}

function attempt(state: FallibleState, scene: Scene, place: Place): Promise<Json> {
  switch (state.Type) {
    case 'Task':
      return runTask(state, scene, place)
    case 'Parallel':
      return runParallel(state, scene, place)
    case 'Map':
      return runMap(state, scene, place)
  }
}

/** A failed expression is an event of its own, once. */
async function recordingFailure<T>(name: string, { run, cursor }: Place, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof QueryEvaluationError && !error.recorded) {
      error.recorded = true
      run.history.append(cursor, 'EvaluationFailed', {
        evaluationFailedEventDetails: {
          error: 'States.QueryEvaluationError',
          cause: error.detail ?? '',
          location: error.field,
          state: name,
        },
      })
    }
    throw error
  }
}

function assignedVariables(assigned: Variables) {
  const entries = Object.entries(assigned).map(([name, value]) => [name, JSON.stringify(value)] as const)
  if (entries.length === 0) return {}
  return { assignedVariables: Object.fromEntries(entries), assignedVariablesDetails: WHOLE }
}
