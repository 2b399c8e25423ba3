import { INVOKE_AND_WAIT, type TaskState } from './definition.ts'
import type { TokenOutcome } from './environment.ts'
import { failure, WHOLE } from './history.ts'
import { byteLength, type Json, MAX_PAYLOAD_BYTES, roundTrip } from './json.ts'
import { evaluate, evaluateAs, evaluateWhole, type Scene } from './jsonata.ts'
import type { Place, Run } from './run.ts'
import { dataLimitExceeded, fromLambda, StateError } from './state-error.ts'
import { abortable, against } from './time.ts'
import { taskWatch } from './time-limits.ts'

/**
 * One attempt of a task: arguments and time limits are evaluated again each time, and a resource that waits for a token
 * gets a new one. Gives what expressions see as `$states.result`.
 */
export async function runTask(state: TaskState, scene: Scene, place: Place): Promise<Json> {
  if (state.Resource !== INVOKE_AND_WAIT) return attempt(state, scene, place, null)
  let onHeartbeat = () => {}
  const open = place.run.env.tokens.open(() => onHeartbeat())
  try {
    const context = { ...scene.context, Task: { Token: open.token } }
    const hear = (heard: () => void) => {
      onHeartbeat = heard
    }
    return await attempt(state, { ...scene, context }, place, { outcome: open.outcome, hear })
  } finally {
    open.close()
  }
}

/** What comes from outside for a task that waits for it. */
interface Answer {
  readonly outcome: Promise<TokenOutcome>
  hear(onHeartbeat: () => void): void
}

async function attempt(state: TaskState, scene: Scene, place: Place, answer: Answer | null): Promise<Json> {
  const call = await prepare(state, scene)
  const { env, history, context } = place.run
  const resource = answer === null ? RESOURCE.invoke : RESOURCE.invokeAndWait
  history.append(place.cursor, 'TaskScheduled', {
    taskScheduledEventDetails: {
      ...resource,
      region: context.executionArn.split(':')[3] ?? '',
      parameters: JSON.stringify(call.parameters),
      ...(call.timeout === undefined ? {} : { timeoutInSeconds: call.timeout }),
      ...(call.heartbeat === undefined ? {} : { heartbeatInSeconds: call.heartbeat }),
    },
  })
  history.append(place.cursor, 'TaskStarted', { taskStartedEventDetails: resource })
  const { watch, onHeartbeat } = taskWatch(env.clock, call)
  answer?.hear(onHeartbeat)
  try {
    const result = await against(place.signal, watch, (signal) =>
      answer === null ? invoke(call, place.run, signal) : invokeAndWait(call, place, signal, answer.outcome),
    )
    if (byteLength(result) > MAX_PAYLOAD_BYTES) throw dataLimitExceeded(resource.resourceType)
    history.append(place.cursor, 'TaskSucceeded', {
      taskSucceededEventDetails: { ...resource, output: JSON.stringify(result), outputDetails: WHOLE },
    })
    return result
  } catch (error) {
    if (error instanceof StateError) {
      const details = { ...resource, ...failure(error) }
      if (error.error === 'States.Timeout') {
        history.append(place.cursor, 'TaskTimedOut', { taskTimedOutEventDetails: details })
      } else {
        history.append(place.cursor, 'TaskFailed', { taskFailedEventDetails: details })
      }
    }
    throw error
  }
}

const RESOURCE = {
  invoke: { resourceType: 'lambda', resource: 'invoke' },
  invokeAndWait: { resourceType: 'lambda', resource: 'invoke.waitForTaskToken' },
} as const

interface Call {
  readonly functionName: string
  readonly payload: Json
  readonly parameters: Json
  readonly timeout: number | undefined
  readonly heartbeat: number | undefined
}

async function prepare(state: TaskState, scene: Scene): Promise<Call> {
  const { FunctionName, Payload } = state.Arguments
  const functionName = await evaluateAs('string', FunctionName, 'Arguments/FunctionName', scene)
  const payload = Payload === undefined ? {} : await evaluate(Payload, 'Arguments/Payload', scene)
  const seconds = async (field: 'TimeoutSeconds' | 'HeartbeatSeconds') => {
    const template = state[field]
    return template === undefined ? undefined : await evaluateWhole(template, field, scene)
  }
  const parameters = { FunctionName: functionName, ...(Payload === undefined ? {} : { Payload: payload }) }
  if (byteLength(parameters) > MAX_PAYLOAD_BYTES) throw dataLimitExceeded(scene.state)
  return {
    functionName,
    payload,
    parameters,
    timeout: await seconds('TimeoutSeconds'),
    heartbeat: await seconds('HeartbeatSeconds'),
  }
}

/** The response of Lambda's Invoke, less its HTTP metadata. */
async function invoke({ functionName, payload }: Call, run: Run, signal: AbortSignal): Promise<Json> {
  try {
    const answer = await abortable(run.env.invoke(functionName, payload, { signal }), signal)
    return { ExecutedVersion: '$LATEST', Payload: roundTrip(answer), StatusCode: 200 }
  } catch (error) {
    if (signal.aborted) throw signal.reason
    throw fromLambda(error)
  }
}

/**
 * Ends with the answer, however early: a function may answer its own token before it returns, and is then left to
 * finish. A function that fails ends the task.
 */
async function invokeAndWait(
  call: Call,
  { run, cursor }: Place,
  signal: AbortSignal,
  outcome: Promise<TokenOutcome>,
): Promise<Json> {
  const answered = abortable(outcome, signal)
  let over = false
  const submitted = invoke(call, run, signal).then((response) => {
    if (!over) {
      run.history.append(cursor, 'TaskSubmitted', {
        taskSubmittedEventDetails: {
          ...RESOURCE.invokeAndWait,
          output: JSON.stringify(response),
          outputDetails: WHOLE,
        },
      })
    }
    return answered
  })
  try {
    const end = await Promise.race([answered, submitted])
    if (end.kind === 'succeeded') return roundTrip(end.output)
    throw new StateError(end.error, end.cause)
  } finally {
    over = true
  }
}
