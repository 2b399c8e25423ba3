import { atBreaker, type BreakerOptions } from '#cli/breaker/place.ts'
import { EXIT, type ExitCode } from '#cli/exit-codes.ts'
import { closeBreaker } from '#core/incident/breaker.ts'

export interface BreakerCloseOptions extends BreakerOptions {
  readonly by: string
  readonly reason: string
}

/** `vector-rollback breaker close`: alarms may start runs again, and the count begins anew. */
export const breakerClose = (planName: string, options: BreakerCloseOptions): Promise<ExitCode> =>
  atBreaker(planName, options, async (plan, ports) => {
    const { by, reason } = options
    const breaker = await closeBreaker(plan.name, { by, reason }, ports)
    process.stdout.write(
      options.json
        ? `${JSON.stringify(breaker, null, 2)}\n`
        : `Closed. Alarms may start ${plan['runs-per-day']} runs in 24 hours, counted from now on.\n`,
    )
    return EXIT.ok
  })
