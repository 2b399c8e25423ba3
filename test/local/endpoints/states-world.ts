import { type HistoryEvent as ApiEvent, paginateGetExecutionHistory, SFN } from '@aws-sdk/client-sfn'
import { type HistoryEvent, loadStateMachine } from '#local/asl/interpret.ts'
import { statesService } from '#local/endpoints/states.ts'
import { FakeClock } from '#test/local/asl/fake-clock.ts'
import { machine, task, WAIT } from '#test/local/asl/harness.ts'
import { host, scratch } from './host.ts'

export const MACHINE = 'arn:aws:states:eu-central-1:123456789012:stateMachine:rollback'

export const ONE_TASK = machine({ Work: task('work') })
export const WAITING = machine({
  Ask: {
    Type: 'Task',
    Resource: WAIT,
    Arguments: { FunctionName: 'ask', Payload: '{% $states.context.Task.Token %}' },
    End: true,
  },
})
export const DISTRIBUTED = machine({
  Parts: {
    Type: 'Map',
    Items: [1, 2],
    Label: 'Parts',
    ItemProcessor: {
      ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
      StartAt: 'Part',
      States: { Part: task('part') },
    },
    End: true,
  },
})

/** What the machine's functions do, by name. */
export type Functions = Readonly<Record<string, (payload: never, signal: AbortSignal) => unknown>>

/** The service with one machine, over HTTP, under a clock that stands still. */
export const world = async (text: string, functions: Functions = {}, directory?: string) => {
  const at = directory ?? (await scratch())
  const clock = new FakeClock()
  const events: [HistoryEvent, string][] = []
  const service = statesService({
    directory: at,
    machine: loadStateMachine(text, {}),
    stateMachineArn: MACHINE,
    clock,
    random: () => 0.5,
    async invoke(name, payload, { signal }) {
      const work = functions[name]
      if (work === undefined) throw new Error(`the test has no function "${name}"`)
      return work(payload as never, signal)
    },
    async readItems() {
      throw new Error('the test has no bucket')
    },
    async writeResults() {
      throw new Error('the test has no bucket')
    },
    onEvent: (event, arn) => void events.push([event, arn]),
  })
  const { url, faults } = await host(service)
  const sfn = new SFN({ maxAttempts: 1, endpoint: url })
  const start = async (name: string, input: unknown = {}): Promise<string> => {
    const request = { stateMachineArn: MACHINE, name, input: JSON.stringify(input) }
    return (await sfn.startExecution(request)).executionArn ?? ''
  }
  return { service, sfn, start, clock, directory: at, events, faults }
}

/** Something that happens once: the test waits for it, or makes it happen. */
export const gate = <T = void>() => Promise.withResolvers<T>()

/** All events, oldest first unless asked otherwise. */
export const historyOf = async (sfn: SFN, executionArn: string, pageSize = 100, more = {}): Promise<ApiEvent[]> => {
  const found: ApiEvent[] = []
  const pages = paginateGetExecutionHistory({ client: sfn, pageSize }, { executionArn, ...more })
  for await (const { events } of pages) found.push(...(events ?? []))
  return found
}
