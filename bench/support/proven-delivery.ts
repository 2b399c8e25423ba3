import { alarmName } from '#core/decide/decide.ts'
import type { AlarmOutcome } from '#core/decide/on-alarm.ts'
import { readEvents } from '#core/incident/incident.ts'
import type { IncidentId } from '#core/names.ts'
import { fixtureOf } from '#core/plan/fixture.ts'
import { loadPlan, resolveFlag } from '#core/plan/load.ts'
import { embedded } from '#local/embedded.ts'
import { startStack } from '#local/stack.ts'
import { startStandIn } from '#local/stand-in.ts'
import type { BenchmarkContext } from '../benchmark.ts'
import { alarmEvent } from './alarm-event.ts'

const ENVIRONMENT = 'bench'
const ROWS = 20
/** The state after which every consumer has said what it sees. */
const PROVEN = 'Prove delivery by services'
const DAY = 86_400_000

/**
 * Milliseconds from an alarm to the moment at which every consumer of the flag has said that it obeys, by the real state machine and a
 * stand-in of the application on loopback, which reads the parameter for each answer. `signal` of the plan: one that takes the path flag.
 */
export const provenDeliveries = async (
  folder: string,
  { flag, signal: name }: { readonly flag: string; readonly signal: string },
  { rounds, signal }: { readonly rounds: number } & Pick<BenchmarkContext, 'signal'>,
): Promise<number[]> => {
  const plan = await loadPlan(folder)
  const parameter = resolveFlag(plan, flag, ENVIRONMENT)
  const database = await embedded()
  const fixture = await fixtureOf(folder)
  await database.session({ applicationName: 'fixture', statementTimeout: 0 }, (session) =>
    fixture.load(session, { rows: ROWS }),
  )
  let provenAt: number | null = null
  const stack = await startStack({
    environment: ENVIRONMENT,
    database: { embedded: database },
    onEvent: ({ type, stateExitedEventDetails }) => {
      if (type === 'TaskStateExited' && stateExitedEventDetails?.name === PROVEN) provenAt = performance.now()
    },
  })
  try {
    const app = await startStandIn(plan, { stack, database, environment: ENVIRONMENT })
    stack.endsWith(() => app.close())
    const times: number[] = []
    for (let round = 0; round <= rounds; round += 1) {
      signal.throwIfAborted()
      // Past the cooldown of the one before, and in normal service again.
      stack.clock.travel(DAY)
      await stack.flags.write(parameter, 'true')
      provenAt = null
      const started = performance.now()
      const event = alarmEvent(alarmName(plan, name, ENVIRONMENT), stack.clock.now())
      const [outcome] = (await stack.invoke('on-alarm', event)) as AlarmOutcome[]
      const execution = outcome?.execution ?? ''
      await stack.waitFor(execution)
      const events = await readEvents(stack.objects, execution.split(':').at(-1) as IncidentId)
      const said = events.find(({ kind }) => kind === 'prove-delivery-outside')?.detail ?? 'nothing'
      if (provenAt === null || !said.includes('(pass)')) throw new Error(`delivery was not proven: ${said}`)
      // The first one loads the functions.
      if (round > 0) times.push(provenAt - started)
    }
    return times
  } finally {
    await stack.close()
    await database.close()
  }
}
