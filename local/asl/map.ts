import type { MapState } from './definition.ts'
import { runFlow } from './flow.ts'
import { byteLength, type Json, MAX_PAYLOAD_BYTES, roundTrip, typeName } from './json.ts'
import { evaluate, evaluateAs, evaluateWhole, framed, type Scene } from './jsonata.ts'
import { runDistributedMap } from './map-distributed.ts'
import type { Place } from './run.ts'
import { dataLimitExceeded, QueryEvaluationError, StateError } from './state-error.ts'
import { abortedEvent, together } from './together.ts'

/** What "no limit" is in Step Functions. */
const MOST_INLINE = 40
const MOST_DISTRIBUTED = 10_000

/** One attempt of a Map: the outputs of its iterations, in the order of the items. */
export async function runMap(state: MapState, scene: Scene, place: Place): Promise<Json> {
  const distributed = state.ItemProcessor.ProcessorConfig?.Mode === 'DISTRIBUTED'
  const most = distributed ? MOST_DISTRIBUTED : MOST_INLINE
  const wanted = await evaluateWhole(state.MaxConcurrency ?? 0, 'MaxConcurrency', scene)
  const limit = wanted === 0 ? most : Math.min(wanted, most)
  const items = await readItems(state, scene, place)
  const { history } = place.run
  history.append(place.cursor, 'MapStateStarted', { mapStateStartedEventDetails: { length: items.length } })
  const select = (index: number) => selectItem(state, scene, items[index] ?? null, index)
  const results = distributed
    ? await runDistributedMap(state, scene, place, { count: items.length, limit, select })
    : await runInlineMap(state, scene, place, { count: items.length, limit, select })
  history.note(place.cursor.previous, 'MapStateSucceeded')
  if (byteLength(results) > MAX_PAYLOAD_BYTES) throw dataLimitExceeded(scene.state)
  return results
}

/** The items of a Map, as its iterations ask for them. */
export interface Iterations {
  readonly count: number
  readonly limit: number
  /** The input of an iteration. */
  readonly select: (index: number) => Promise<Json>
}

async function readItems(state: MapState, scene: Scene, place: Place): Promise<readonly Json[]> {
  const { Items, ItemReader } = state
  if (ItemReader !== undefined) {
    const { Bucket, Key } = ItemReader.Arguments
    const bucket = await evaluateAs('string', Bucket, 'ItemReader/Arguments/Bucket', scene)
    const key = await evaluateAs('string', Key, 'ItemReader/Arguments/Key', scene)
    return readFromBucket({ bucket, key }, place)
  }
  if (Items !== undefined) return evaluateAs('array', Items, 'Items', scene)
  if (Array.isArray(scene.input)) return scene.input
  const expected = `Expected 'array', but was '${typeName(scene.input)}' for value: ${JSON.stringify(scene.input)}`
  throw new QueryEvaluationError(
    'Items',
    framed(scene, `The input of a Map without Items has the wrong type. ${expected}`),
  )
}

async function readFromBucket(at: { bucket: string; key: string }, { run }: Place): Promise<readonly Json[]> {
  let items: Json
  try {
    items = roundTrip(await run.env.readItems(at))
  } catch (thrown) {
    throw new StateError('States.ItemReaderFailed', thrown instanceof Error ? thrown.message : String(thrown))
  }
  if (Array.isArray(items)) return items
  const what = `s3://${at.bucket}/${at.key} is not a JSON array but of type '${typeName(items)}'`
  throw new StateError('States.ItemReaderFailed', what)
}

async function selectItem(state: MapState, scene: Scene, item: Json, index: number): Promise<Json> {
  if (state.ItemSelector === undefined) return item
  const context = { ...scene.context, Map: { Item: { Index: index, Value: item } } }
  return evaluate(state.ItemSelector, 'ItemSelector', { ...scene, context })
}

/** The iterations are part of this execution and read its variables. The first that fails fails the Map with its error. */
async function runInlineMap(state: MapState, scene: Scene, place: Place, map: Iterations): Promise<readonly Json[]> {
  const { history } = place.run
  const iteration = (index: number) => ({ name: scene.state, index })
  let last = place.cursor.previous
  const { outcomes, failed } = await together(place, map.count, map.limit, async (index, own) => {
    history.append(own.cursor, 'MapIterationStarted', { mapIterationStartedEventDetails: iteration(index) })
    const output = await runFlow(state.ItemProcessor, await map.select(index), scene.variables, own)
    last = history.note(own.cursor.previous, 'MapIterationSucceeded', {
      mapIterationSucceededEventDetails: iteration(index),
    })
    return output
  })
  const failure = failed === null ? undefined : outcomes[failed]
  if (failed !== null && failure?.kind === 'failed') {
    const { previous } = failure.place.cursor
    history.note(previous, 'MapIterationFailed', { mapIterationFailedEventDetails: iteration(failed) })
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome === undefined || outcome.kind === 'done') continue
      if (outcome.kind === 'abandoned') {
        history.note(previous, 'MapIterationAborted', { mapIterationAbortedEventDetails: iteration(index) })
      }
      const type = abortedEvent(outcome.place)
      if (type !== null) history.note(previous, type)
    }
    place.cursor.previous = history.note(previous, 'MapStateFailed')
    throw failure.error
  }
  place.cursor.previous = last
  return outcomes.map((outcome) => (outcome?.kind === 'done' ? outcome.value : null))
}
