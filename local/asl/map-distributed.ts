import { randomUUID } from 'node:crypto'
import type { MapState } from './definition.ts'
import type { Json } from './json.ts'
import { evaluateAs, evaluateWhole, type Scene } from './jsonata.ts'
import type { Iterations } from './map.ts'
import { type Child, resultsAt, writeResults } from './map-results.ts'
import type { ExecutionContext, Place } from './run.ts'
import { runExecution } from './run-execution.ts'
import { StateError } from './state-error.ts'
import { together } from './together.ts'

/** More items failed than the Map tolerates. */
class TooManyFailed extends StateError {
  constructor() {
    super('States.ExceedToleratedFailureThreshold', 'The specified tolerated failure threshold was exceeded')
  }
}

/**
 * Each item is an execution of its own: it has its own context, its own history, and no variable of this one. The
 * result of a child that failed and was tolerated is `{Status, Error, Cause}`. With a ResultWriter the results lie in the bucket, also
 * those of a Map that fails, and the Map gives the place of their manifest.
 */
export async function runDistributedMap(state: MapState, scene: Scene, place: Place, map: Iterations): Promise<Json> {
  const { run } = place
  const tolerated = await tolerance(state, scene)
  const writer = await resultsAt(state, scene)
  const label = `${machineName(run.context)}/${state.Label ?? randomUUID()}`
  const mapRunArn = `${arnPrefix(run.context)}:mapRun:${label}:${randomUUID()}`
  run.history.append(place.cursor, 'MapRunStarted', { mapRunStartedEventDetails: { mapRunArn } })
  let failures = 0
  const children: Child[] = []
  const { outcomes, failed } = await together(place, map.count, map.limit, async (index, { signal }) => {
    const input = await map.select(index)
    const context = childContext(run.context, label, run.env.clock.now())
    const child: Child = { context, input, result: null }
    children[index] = child
    const result = await runExecution(
      { machine: run.machine, flow: state.ItemProcessor, env: run.env },
      input,
      context,
      signal,
    )
    child.result = result
    child.stopDate = run.env.clock.now()
    if (result.status === 'SUCCEEDED') return result.output
    failures += 1
    if (exceeds(failures, map.count, tolerated)) throw new TooManyFailed()
    return { Status: result.status, Error: result.error ?? '', Cause: result.cause ?? '' }
  })
  const written = writer && (await writeResults(writer, { mapRunArn, children: children.filter(Boolean) }, place))
  const failure = failed === null ? undefined : outcomes[failed]
  if (failure?.kind === 'failed') {
    const { error } = failure
    const details = error instanceof StateError ? { error: error.error ?? '', cause: error.detail ?? '' } : {}
    run.history.append(place.cursor, 'MapRunFailed', { mapRunFailedEventDetails: details })
    run.history.append(place.cursor, 'MapStateFailed')
    throw error
  }
  run.history.append(place.cursor, 'MapRunSucceeded')
  return written ?? outcomes.map((outcome) => (outcome?.kind === 'done' ? outcome.value : null))
}

interface Tolerance {
  readonly count: number
  readonly percentage: number
}

async function tolerance(state: MapState, scene: Scene): Promise<Tolerance> {
  return {
    count: await evaluateWhole(state.ToleratedFailureCount ?? 0, 'ToleratedFailureCount', scene),
    percentage: await evaluateAs('number', state.ToleratedFailurePercentage ?? 0, 'ToleratedFailurePercentage', scene),
  }
}

/** 0 is no threshold: with neither, one failure is too many; with either, what exceeds it is. */
function exceeds(failures: number, items: number, { count, percentage }: Tolerance): boolean {
  if (count === 0 && percentage === 0) return failures > 0
  return (count > 0 && failures > count) || (percentage > 0 && failures * 100 > percentage * items)
}

const machineName = ({ stateMachineArn }: ExecutionContext): string => stateMachineArn.split(':').at(-1) ?? ''

/** `arn:aws:states:<region>:<account>` */
const arnPrefix = ({ stateMachineArn }: ExecutionContext): string => stateMachineArn.split(':').slice(0, 5).join(':')

function childContext(parent: ExecutionContext, label: string, startTime: Date): ExecutionContext {
  const executionName = randomUUID()
  return {
    executionArn: `${arnPrefix(parent)}:execution:${label}:${executionName}`,
    executionName,
    stateMachineArn: `${arnPrefix(parent)}:stateMachine:${label}`,
    roleArn: parent.roleArn,
    startTime,
  }
}
