import { atBreaker, type BreakerOptions } from '#cli/breaker/place.ts'
import { EXIT, type ExitCode } from '#cli/exit-codes.ts'
import { countedRuns, readBreaker } from '#core/incident/breaker.ts'

/** `vector-rollback breaker status`. Resolves to 6 while it is open: a person has to look. */
export const breakerStatus = (planName: string, options: BreakerOptions): Promise<ExitCode> =>
  atBreaker(planName, options, async (plan, ports) => {
    const breaker = await readBreaker(ports.objects, plan.name)
    const runs = await countedRuns(plan.name, ports)
    const limit = plan['runs-per-day']
    const state = breaker?.state ?? 'closed'
    const count = `Alarms started ${runs.length} of ${limit} runs that count in the last 24 hours.`
    if (options.json) {
      const { openedAt = null, openedBy = null, closed = null } = breaker ?? {}
      const document = { plan: plan.name, state, openedAt, openedBy, closed, runs, limit }
      process.stdout.write(`${JSON.stringify(document, null, 2)}\n`)
    } else if (breaker?.state === 'open') {
      process.stdout.write(
        `open since ${breaker.openedAt}: "${breaker.openedBy}" was one too many after ${breaker.runs.join(', ')}.\nAlarms contain and do no more; runs that people start go on. Close it: vector-rollback breaker close ${plan.name} --by … --reason …\n`,
      )
    } else {
      const by = breaker?.closed
        ? ` "${breaker.closed.by}" closed it at ${breaker.closed.at}: ${breaker.closed.reason}`
        : ''
      process.stdout.write(`closed.${by}\n${count}\n`)
    }
    return state === 'open' ? EXIT.needsHuman : EXIT.ok
  })
