import type { z } from 'zod'
import type { Flow, Machine, State } from './definition.ts'
import { expressionSource } from './expression.ts'
import { MachineSchema } from './schema.ts'
import { timestampMillis } from './wait.ts'

/** `path` is the way through the JSON: `States`, name of the state, field, … */
export interface Problem {
  readonly path: readonly string[]
  readonly message: string
}

/** `machine` is null when its fields are wrong already, and nothing else was looked at. */
export function validate(definition: unknown): { machine: Machine | null; problems: Problem[] } {
  const parsed = MachineSchema.safeParse(definition, { reportInput: true })
  if (!parsed.success) return { machine: null, problems: parsed.error.issues.flatMap(fieldProblems) }
  return { machine: parsed.data, problems: flowProblems(parsed.data, [], new Set()) }
}

const JSONPATH_FIELDS = new Set([
  ...['InputPath', 'OutputPath', 'ResultPath', 'Parameters', 'ResultSelector', 'Result', 'ItemsPath', 'Variable'],
  ...['SecondsPath', 'TimestampPath', 'TimeoutSecondsPath', 'HeartbeatSecondsPath', 'MaxConcurrencyPath'],
  ...['ErrorPath', 'CausePath', 'ToleratedFailureCountPath', 'ToleratedFailurePercentagePath'],
])

function fieldProblems(issue: z.core.$ZodIssue): Problem[] {
  const path = issue.path.map(String)
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...path, key],
      message: JSONPATH_FIELDS.has(key)
        ? 'is a field of JSONPath, and only JSONata is implemented'
        : 'is not implemented for this type of state',
    }))
  }
  if (issue.code === 'invalid_key') return [{ path, message: issue.issues.map(({ message }) => message).join('; ') }]
  if (issue.code === 'invalid_union' && path.at(-1) === 'Type') {
    const type = (issue.input as { Type?: unknown } | undefined)?.Type
    return [{ path, message: `is not an implemented type of state (it is ${JSON.stringify(type)})` }]
  }
  const value = issue.input === undefined ? '' : ` (it is ${JSON.stringify(issue.input).slice(0, 80)})`
  return [{ path, message: `${issue.message.replace(/\.$/, '')}${value}` }]
}

function flowProblems(flow: Flow, path: readonly string[], names: Set<string>): Problem[] {
  const problems: Problem[] = []
  const wrong = (message: string, ...where: string[]) => void problems.push({ path: [...path, ...where], message })
  const target = (name: string | undefined, ...where: string[]) => {
    if (name !== undefined && !Object.hasOwn(flow.States, name)) wrong(`there is no state "${name}" here`, ...where)
  }
  target(flow.StartAt, 'StartAt')
  for (const [name, state] of Object.entries(flow.States)) {
    if (names.has(name)) wrong('two states have this name', 'States', name)
    names.add(name)
    for (const { to, where } of transitions(state)) target(to, 'States', name, ...where)
    for (const { path: where, message } of stateProblems(state)) wrong(message, 'States', name, ...where)
    for (const { inner, where } of innerFlows(state)) {
      problems.push(...flowProblems(inner, [...path, 'States', name, ...where], names))
    }
  }
  const reached = reachable(flow)
  for (const name of Object.keys(flow.States)) if (!reached.has(name)) wrong('no state leads here', 'States', name)
  if (![...reached].some((name) => ends(flow.States[name]))) wrong('no state ends it', 'States')
  return problems
}

const ends = (state: State | undefined): boolean =>
  state !== undefined && (state.Type === 'Succeed' || state.Type === 'Fail' || ('End' in state && state.End === true))

function reachable(flow: Flow): Set<string> {
  const reached = new Set<string>()
  const visit = (name: string) => {
    const state = flow.States[name]
    if (reached.has(name) || state === undefined) return
    reached.add(name)
    for (const { to } of transitions(state)) if (to !== undefined) visit(to)
  }
  visit(flow.StartAt)
  return reached
}

function transitions(state: State): { to: string | undefined; where: string[] }[] {
  if (state.Type === 'Succeed' || state.Type === 'Fail') return []
  if (state.Type === 'Choice') {
    const rules = state.Choices.map(({ Next }, index) => ({ to: Next, where: ['Choices', String(index), 'Next'] }))
    return [...rules, { to: state.Default, where: ['Default'] }]
  }
  const caught = 'Catch' in state ? (state.Catch ?? []) : []
  const catchers = caught.map(({ Next }, index) => ({ to: Next, where: ['Catch', String(index), 'Next'] }))
  return [{ to: state.Next, where: ['Next'] }, ...catchers]
}

function innerFlows(state: State): { inner: Flow; where: string[] }[] {
  if (state.Type === 'Map') return [{ inner: state.ItemProcessor, where: ['ItemProcessor'] }]
  if (state.Type !== 'Parallel') return []
  return state.Branches.map((inner, index) => ({ inner, where: ['Branches', String(index)] }))
}

/** What the fields of a state say to each other. */
function stateProblems(state: State): Problem[] {
  const problems: Problem[] = []
  const wrong = (message: string, ...path: string[]) => void problems.push({ path, message })
  if (state.Type !== 'Choice' && state.Type !== 'Succeed' && state.Type !== 'Fail') {
    if ((state.Next === undefined) === (state.End === undefined)) wrong('must have one of Next and End', 'Next')
  }
  if (state.Type === 'Wait') {
    if ((state.Seconds === undefined) === (state.Timestamp === undefined))
      wrong('must have one of Seconds and Timestamp')
    const { Timestamp } = state
    if (Timestamp !== undefined && expressionSource(Timestamp) === null && timestampMillis(Timestamp) === null) {
      wrong(`is not an ISO 8601 date and time with an offset (it is "${Timestamp}")`, 'Timestamp')
    }
  }
  if (state.Type === 'Task' && !state.Resource.endsWith('.waitForTaskToken') && state.HeartbeatSeconds !== undefined) {
    wrong('is implemented only for a resource that waits for a task token', 'HeartbeatSeconds')
  }
  if (state.Type === 'Task' || state.Type === 'Parallel' || state.Type === 'Map') {
    for (const field of ['Retry', 'Catch'] as const) {
      for (const [index, { ErrorEquals }] of (state[field] ?? []).entries()) {
        const last = index === (state[field] ?? []).length - 1
        if (ErrorEquals.includes('States.ALL') && !(last && ErrorEquals.length === 1)) {
          wrong('"States.ALL" must be alone and last', field, String(index), 'ErrorEquals')
        }
      }
    }
    for (const [index, { IntervalSeconds = 1, MaxDelaySeconds }] of (state.Retry ?? []).entries()) {
      if (MaxDelaySeconds !== undefined && MaxDelaySeconds <= IntervalSeconds) {
        wrong('must be more than IntervalSeconds', 'Retry', String(index), 'MaxDelaySeconds')
      }
    }
  }
  if (state.Type === 'Map') {
    if (state.Items !== undefined && state.ItemReader !== undefined) wrong('stands beside Items', 'ItemReader')
    if (state.ItemProcessor.ProcessorConfig?.Mode !== 'DISTRIBUTED') {
      const distributed = ['ItemReader', 'ResultWriter', 'Label', 'ToleratedFailureCount'] as const
      for (const field of [...distributed, 'ToleratedFailurePercentage'] as const) {
        if (state[field] !== undefined) wrong('is implemented only for a DISTRIBUTED Map', field)
      }
    }
  }
  return problems
}
