import { EXIT, type ExitCode } from '#cli/exit-codes.ts'
import { allPlans } from '#cli/plans.ts'
import { atPlace, type PlaceOptions } from '#cli/snapshots/place.ts'
import { findLease, type Lease } from '#core/incident/lease.ts'
import { loadPlan } from '#core/plan/load.ts'

export interface GuardOptions extends PlaceOptions {
  readonly plans?: string
  readonly json?: boolean
}

const line = ({ plan, incident, claimedAt }: Lease): string =>
  `${plan}: incident ${incident} is open since ${claimedAt}.\n`

/**
 * `vector-rollback guard`, before a deployment: whether an incident is open. A deployment in the middle of one does not touch flags,
 * tables or the record, but replaces the code of a run that goes on. Resolves to 4 when one is open.
 */
export const guard = (options: GuardOptions): Promise<ExitCode> =>
  atPlace(options, 'look', async ({ objects }) => {
    const plans = await Promise.all((await allPlans(options.plans)).map(loadPlan))
    const leases = await Promise.all(plans.map(({ name }) => findLease(objects, name)))
    const open = leases.filter((lease): lease is Lease => lease !== null && !lease.released)
    if (options.json) process.stdout.write(`${JSON.stringify({ open }, null, 2)}\n`)
    else if (open.length === 0) process.stdout.write('No incident is open.\n')
    else
      process.stdout.write(
        `${open.map(line).join('')}Wait until it is over, or deploy knowing that its next step runs the new code. Flags stay as they are.\n`,
      )
    return open.length === 0 ? EXIT.ok : EXIT.busy
  })
