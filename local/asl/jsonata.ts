import { describe, expressionSource } from './expression.ts'
import { functionBindings } from './functions.ts'
import { type Json, type JsonObject, type TypeName, typeName } from './json.ts'
import type { Run, Variables } from './run.ts'
import { type ErrorOutput, QueryEvaluationError } from './state-error.ts'

/** What the expressions of a state can see, and where they stand, for the messages. */
export interface Scene {
  readonly run: Run
  readonly state: string
  /** Id of the event with which the state was entered. */
  readonly enteredAt: number
  readonly variables: Variables
  readonly input: Json
  readonly context: JsonObject
  readonly result?: Json
  readonly errorOutput?: ErrorOutput
}

/** Step Functions' frame of every message about a state. */
export const framed = ({ state, enteredAt }: Pick<Scene, 'state' | 'enteredAt'>, message: string): string =>
  `An error occurred while executing the state '${state}' (entered at the event id #${enteredAt}). ${message}`

/**
 * Evaluates a field as Step Functions does: strings that are expressions are replaced by their value, at any depth;
 * the rest stays. `field` is the path for messages, as in `Output/items[0]/name`. Throws `QueryEvaluationError`.
 */
export async function evaluate(template: Json, field: string, scene: Scene): Promise<Json> {
  if (typeof template === 'string') {
    const source = expressionSource(template)
    return source === null ? template : await evaluateExpression(source, field, scene)
  }
  if (Array.isArray(template)) {
    const items: Json[] = []
    for (const [index, item] of template.entries()) items.push(await evaluate(item, `${field}[${index}]`, scene))
    return items
  }
  if (typeof template !== 'object' || template === null) return template
  const entries: [string, Json][] = []
  for (const [key, value] of Object.entries(template)) {
    entries.push([key, await evaluate(value, `${field}/${key}`, scene)])
  }
  return Object.fromEntries(entries)
}

interface TypeOf {
  boolean: boolean
  number: number
  string: string
  array: readonly Json[]
}

/** Evaluates a field that must have a certain type. Throws `QueryEvaluationError` when its value has another. */
export async function evaluateAs<T extends keyof TypeOf & TypeName>(
  type: T,
  template: Json,
  field: string,
  scene: Scene,
): Promise<TypeOf[T]> {
  const value = await evaluate(template, field, scene)
  if (typeName(value) === type) return value as TypeOf[T]
  const expected = `Expected '${type}', but was '${typeName(value)}' for value: ${JSON.stringify(value)}`
  throw evaluationError(template, field, scene, `returned an unexpected result type. ${expected}`)
}

const MAX = 99_999_999

/** Evaluates a field of whole seconds or of a count. Throws `QueryEvaluationError`. */
export async function evaluateWhole(template: Json, field: string, scene: Scene): Promise<number> {
  const value = await evaluateAs('number', template, field, scene)
  if (Number.isInteger(value) && value >= 0 && value <= MAX) return value
  const what = `The ${field} field must be a whole number between 0 and ${MAX} but was: ${value}`
  throw new QueryEvaluationError(field, framed(scene, what))
}

function evaluationError(template: Json, field: string, scene: Scene, what: string): QueryEvaluationError {
  const source = typeof template === 'string' ? (expressionSource(template) ?? template) : JSON.stringify(template)
  return new QueryEvaluationError(
    field,
    framed(scene, `The JSONata expression '${source}' specified for the field '${field}' ${what}`),
  )
}

async function evaluateExpression(source: string, field: string, scene: Scene): Promise<Json> {
  const fail = (what: string) => evaluationError(`{%${source}%}`, field, scene, what)
  const expression = scene.run.machine.expressions.get(source)
  if (expression === undefined)
    throw new Error(`the expression "${source}" was not compiled when the machine was loaded`)
  const { input, context, result, errorOutput } = scene
  const { env } = scene.run
  const bindings = {
    ...functionBindings({ now: () => env.clock.now(), random: () => env.random() }),
    ...scene.variables,
    states: { input, context, result, errorOutput },
  }
  let value: unknown
  try {
    value = await expression.evaluate(undefined, bindings)
  } catch (thrown) {
    throw fail(`threw an error during evaluation. ${describe(thrown)}`)
  }
  if (value === undefined) throw fail('returned nothing (undefined).')
  const json = toJson(value)
  if (json === undefined) throw fail('returned an unsupported result type.')
  return json
}

/**
 * A copy that shares nothing with the engine. AWS writes a number that JSON cannot as the text JavaScript has for it.
 * `undefined` when there is a function in it.
 */
function toJson(value: unknown): Json | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (Array.isArray(value)) {
    const items = value.map(toJson)
    return items.some((item) => item === undefined) ? undefined : (items as Json[])
  }
  if (typeof value !== 'object' || '_jsonata_function' in value || '_jsonata_lambda' in value) return undefined
  const entries = Object.entries(value)
    .filter(([, part]) => part !== undefined)
    .map(([key, part]) => [key, toJson(part)] as const)
  return entries.some(([, part]) => part === undefined) ? undefined : (Object.fromEntries(entries) as JsonObject)
}
