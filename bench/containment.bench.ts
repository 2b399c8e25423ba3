import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { PutParameterCommand } from '@aws-sdk/client-ssm'
import { ssmClient } from '#aws/ssm-client.ts'
import { quietFunctions } from '#cli/quiet-functions.ts'
import { alarmName } from '#core/decide/decide.ts'
import { loadPlan, resolveFlag } from '#core/plan/load.ts'
import { writePackage } from '#infra/package.ts'
import { loadStateMachine } from '#local/asl/interpret.ts'
import { travellingClock } from '#local/clock.ts'
import { startEndpoints } from '#local/endpoints/server.ts'
import { ssmService } from '#local/endpoints/ssm.ts'
import { statesService } from '#local/endpoints/states.ts'
import { setEnvironment } from '#local/environment.ts'
import type { Benchmark, BenchmarkContext } from './benchmark.ts'
import { alarmEvent } from './support/alarm-event.ts'
import { withArrivals } from './support/arrival.ts'
import { timedImport } from './support/cold-import.ts'
import { lambdaContext } from './support/lambda-context.ts'
import { loadedBytes } from './support/package-bundles.ts'
import { provenDeliveries } from './support/proven-delivery.ts'
import { median, quantile } from './support/statistics.ts'
import { inTurns } from './support/turns.ts'

const PLAN = fileURLToPath(new URL('../plans/pgvector-search', import.meta.url))
const FLAG = 'VECTOR_SEARCH_ENABLED'
const SIGNAL = 'connection-failures'
const ENVIRONMENT = 'bench'
const MACHINE = 'arn:aws:states:eu-central-1:000000000000:stateMachine:bench'
/** In AWS the machine runs elsewhere: here it must not take part in the next measurement. */
const NOTHING = { QueryLanguage: 'JSONata', StartAt: 'Done', States: { Done: { Type: 'Succeed' } } }
const BUCKET = 'bench'
const SAMPLES = 200
/** Of what takes seconds each: the whole state machine, and a process of Node. */
const ROUNDS = 10
const WARM_UP = 5
const KIBIBYTE = 1024

/** Milliseconds to read and check the plan, which the first alarm of a process takes as well. */
const timedReading = async (): Promise<number> => {
  const started = performance.now()
  await loadPlan(PLAN)
  return performance.now() - started
}

const sampled = async (
  directory: string,
  { note, signal, samples: count }: Pick<BenchmarkContext, 'note' | 'signal'> & { readonly samples: number },
) => {
  const clock = travellingClock()
  const plan = await loadPlan(PLAN)
  const parameter = resolveFlag(plan, FLAG, ENVIRONMENT)
  const { service: ssm, arrival } = withArrivals(ssmService({ directory, clock }), 'PutParameter')
  const states = statesService({
    directory,
    clock,
    machine: loadStateMachine(JSON.stringify(NOTHING), {}),
    stateMachineArn: MACHINE,
    invoke: async () => null,
    readItems: async () => [],
    writeResults: async () => {},
  })
  const endpoints = await startEndpoints({ directory: join(directory, 's3'), services: [ssm, states] })
  await fetch(new URL(`/${BUCKET}`, endpoints.url), { method: 'PUT' })
  const restore = setEnvironment({
    AWS_ENDPOINT_URL: endpoints.url,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
    STATE_MACHINE_ARN: MACHINE,
    ENVIRONMENT,
    AUTONOMY: 'act',
    // What was decided is kept there, after the flag is safe.
    BUCKET,
  })
  const put = (value: string) =>
    ssmClient().send(new PutParameterCommand({ Name: parameter, Value: value, Type: 'String', Overwrite: true }))
  /** Milliseconds until the flag is safe, from normal service on. */
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    await put('true')
    arrival.at = null
    const started = performance.now()
    await work()
    if (arrival.at === null) throw new Error('the flag was not written')
    return arrival.at - started
  }
  try {
    const { handler } = await import('#functions/on-alarm.ts')
    const name = alarmName(plan, SIGNAL, ENVIRONMENT)
    const alarm = async (call: number) => {
      // A second for each: the same event twice is one.
      const outcome = await handler(
        alarmEvent(name, new Date(Date.UTC(2026, 0, 1) + call * 1000)),
        lambdaContext('on-alarm'),
      )
      if (!JSON.stringify(outcome).includes('"started"')) throw new Error(`nothing started: ${JSON.stringify(outcome)}`)
    }
    note(`${count} alarms, bare calls and readings of the plan, in turns`)
    const samples = { alarm: [] as number[], bare: [] as number[], plan: [] as number[] }
    for (let call = 0; call < WARM_UP + count; call += 1) {
      signal.throwIfAborted()
      const turns = [
        ['alarm', () => timed(() => alarm(call))],
        ['bare', () => timed(() => put('false'))],
        ['plan', timedReading],
      ] as const
      // Who comes first changes, so that what one leaves behind hits all.
      for (const [what, time] of [...turns.slice(call % 3), ...turns.slice(0, call % 3)]) {
        const milliseconds = await time()
        if (call >= WARM_UP) samples[what].push(milliseconds)
      }
    }
    return samples
  } finally {
    await states.close()
    await endpoints.close()
    restore()
  }
}

const row = (what: string, milliseconds: readonly number[], bytes: number | null = null) => ({
  what,
  samples: milliseconds.length,
  'p10 ms': quantile(milliseconds, 0.1),
  'median ms': median(milliseconds),
  'p90 ms': quantile(milliseconds, 0.9),
  'p99 ms': quantile(milliseconds, 0.99),
  'KiB loaded': bytes === null ? '' : Math.round(bytes / KIBIBYTE),
})

/** What a new process of the function adds: the code as it is built for Lambda, against Node alone. */
const coldStart = async (
  directory: string,
  { signal, rounds }: { readonly signal: AbortSignal; readonly rounds: number },
) => {
  await writePackage(directory, [await loadPlan(PLAN)])
  const module = pathToFileURL(join(directory, 'on-alarm.mjs')).href
  const turns = { alone: () => timedImport(null, signal), 'on-alarm': () => timedImport(module, signal) }
  const times = await inTurns(turns, { rounds, signal, told: () => undefined })
  return {
    alone: times.get('alone') ?? [],
    loaded: times.get('on-alarm') ?? [],
    bytes: await loadedBytes(module, signal),
  }
}

export const benchmark: Benchmark = {
  name: 'containment',
  describe: 'time from an alarm to the flag written, and to the proof that it is obeyed, against a bare PutParameter',
  async run({ rounds, note, signal }) {
    quietFunctions()
    const directory = await mkdtemp(join(tmpdir(), 'vector-rollback-bench-'))
    const folder = (name: string) => join(directory, name)
    const often = rounds ?? ROUNDS
    try {
      const { alarm, bare, plan } = await sampled(folder('alarms'), { note, signal, samples: rounds ?? SAMPLES })
      note(`${often} alarms, until every consumer obeys`)
      const proven = await provenDeliveries(PLAN, { flag: FLAG, signal: SIGNAL }, { rounds: often, signal })
      note(`${often} new processes`)
      const cold = await coldStart(folder('package'), { signal, rounds: often })
      return {
        ratios: [
          { name: 'alarm to flag / bare PutParameter', value: median(alarm) / median(bare) },
          { name: 'p99 of alarm to flag / its median', value: quantile(alarm, 0.99) / median(alarm) },
          { name: 'reading the plan, once / alarm to flag', value: median(plan) / median(alarm) },
          { name: 'alarm to proven delivery / alarm to flag', value: median(proven) / median(alarm) },
          { name: 'start and import of on-alarm / node alone', value: median(cold.loaded) / median(cold.alone) },
        ],
        measurements: [
          row('alarm to flag', alarm),
          row('bare PutParameter', bare),
          row('reading the plan', plan),
          row('alarm to proven delivery', proven),
          row('start and import of on-alarm', cold.loaded, cold.bytes),
          row('node alone', cold.alone),
        ],
      }
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  },
}
