import {
  type Environment,
  type ExecutionResult,
  execute,
  type HistoryEvent,
  loadStateMachine,
  type TokenAnswers,
  taskTokens,
} from '#local/asl/interpret.ts'
import { FakeClock } from './fake-clock.ts'

/** What a function of a test is given beside its payload. */
export interface Call {
  readonly clock: FakeClock
  readonly tokens: TokenAnswers
  readonly signal: AbortSignal
}
export type Functions = Readonly<Record<string, (payload: never, call: Call) => unknown>>

export interface Options {
  readonly input?: unknown
  readonly functions?: Functions
  /** What the bucket holds, by `bucket/key`. */
  readonly objects?: Readonly<Record<string, unknown>>
  /** Nothing can be written to the bucket. */
  readonly readOnly?: true
  readonly random?: () => number
  /** Is called at the beginning, with what aborts the execution. */
  readonly stop?: (clock: FakeClock, abort: (reason?: unknown) => void) => void
  readonly clock?: FakeClock
}

export interface Ran {
  readonly result: ExecutionResult
  /** The events of the execution itself. */
  readonly events: readonly HistoryEvent[]
  /** The events of children of a distributed Map, by ARN. */
  readonly children: ReadonlyMap<string, readonly HistoryEvent[]>
  /** What a Map wrote into the bucket, by `bucket/key`. */
  readonly written: ReadonlyMap<string, unknown>
  readonly clock: FakeClock
  /** Seconds that it took. */
  readonly seconds: number
}

export const ARN = 'arn:aws:states:eu-central-1:123456789012:execution:rollback:incident-1'
export const CONTEXT = {
  executionArn: ARN,
  executionName: 'incident-1',
  stateMachineArn: 'arn:aws:states:eu-central-1:123456789012:stateMachine:rollback',
  roleArn: 'arn:aws:iam::123456789012:role/rollback',
  startTime: new Date('2026-11-01T00:00:00.000Z'),
}

export const INVOKE = 'arn:aws:states:::lambda:invoke'
export const WAIT = 'arn:aws:states:::lambda:invoke.waitForTaskToken'

/** A task that calls the function with the whole input, unless told otherwise. */
export const task = (functionName: string, more: object = { End: true }) => ({
  Type: 'Task',
  Resource: INVOKE,
  Arguments: { FunctionName: functionName, Payload: '{% $states.input %}' },
  ...more,
})

/** The text of a machine that begins with the first of the states. */
export const machine = (states: object, more: object = {}): string =>
  JSON.stringify({ QueryLanguage: 'JSONata', StartAt: Object.keys(states)[0], States: states, ...more })

/** Runs a machine under a clock that never makes anybody wait. */
export async function run(text: string, options: Options = {}): Promise<Ran> {
  const clock = options.clock ?? new FakeClock()
  const tokens = taskTokens()
  const events: HistoryEvent[] = []
  const children = new Map<string, HistoryEvent[]>()
  const written = new Map<string, unknown>()
  const env: Environment = {
    clock,
    tokens,
    random: options.random ?? (() => 0.5),
    async invoke(name, payload, { signal }) {
      const work = options.functions?.[name]
      if (work === undefined) throw new Error(`the test has no function "${name}"`)
      return work(payload as never, { clock, tokens, signal })
    },
    async readItems({ bucket, key }) {
      const found = options.objects?.[`${bucket}/${key}`]
      if (found === undefined) throw new Error('The specified key does not exist.')
      return found
    },
    async writeResults({ bucket, key }, results) {
      if (options.readOnly) throw new Error('Access Denied')
      written.set(`${bucket}/${key}`, results)
    },
    onEvent(event, arn) {
      if (arn === ARN) events.push(event)
      else children.set(arn, [...(children.get(arn) ?? []), event])
    },
  }
  const controller = new AbortController()
  options.stop?.(clock, (reason) => controller.abort(reason))
  const begin = clock.now().getTime()
  const loaded = loadStateMachine(text, {})
  const result = await clock.drive(execute(loaded, options.input ?? {}, CONTEXT, env, controller.signal))
  return { result, events, children, written, clock, seconds: (clock.now().getTime() - begin) / 1000 }
}

/** The value of one Output. */
export async function output(template: unknown, options: Options = {}): Promise<unknown> {
  const { result } = await run(machine({ Only: { Type: 'Pass', Output: template, End: true } }), options)
  if (result.status !== 'SUCCEEDED') throw new Error(`${result.error}: ${result.cause}`)
  return result.output
}

export const types = (events: readonly HistoryEvent[]): string[] => events.map(({ type }) => type)
