import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { lambdaConcurrency } from '#aws/concurrency.ts'
import { EXIT, type ExitCode } from '#cli/exit-codes.ts'
import { allPlans } from '#cli/plans.ts'
import { atPlace, type PlaceOptions } from '#cli/snapshots/place.ts'
import { type Reservation, requireRoom } from '#core/before-deploy/reservation.ts'
import { RollbackError } from '#core/errors.ts'
import { findLease, type Lease } from '#core/incident/lease.ts'
import { Containment } from '#core/plan/containment.ts'
import { loadPlan } from '#core/plan/load.ts'

export interface GuardOptions extends PlaceOptions {
  readonly plans?: string
  readonly json?: boolean
  /** `cdk.json`, whose environment is about to be deployed. */
  readonly cdk?: string
}

const line = ({ plan, incident, claimedAt }: Lease): string =>
  `${plan}: incident ${incident} is open since ${claimedAt}.\n`

const unusable = (file: string, why: string): RollbackError =>
  new RollbackError('Context.Invalid', `"${file}" cannot be used: ${why}.`, {
    fix: 'Give the cdk.json that is deployed, and the name of an environment in it.',
    category: 'usage',
  })

/** What the environment reserves for containment, as `cdk.json` says it or leaves it out. */
const concurrencyIn = async (file: string, environment: string): Promise<number> => {
  const text = await readFile(file, 'utf8').catch((error: Error) => Promise.reject(unusable(file, error.message)))
  const One = z.looseObject({ containment: Containment })
  const Cdk = z.looseObject({ context: z.looseObject({ environments: z.looseObject({ [environment]: One }) }) })
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw unusable(file, 'it is not JSON')
  }
  const read = Cdk.safeParse(json)
  if (!read.success) throw unusable(file, z.prettifyError(read.error))
  return (read.data.context.environments[environment] as z.output<typeof One>).containment.concurrency
}

const roomLine = ({ wanted, limit, left }: Reservation): string =>
  `Containment reserves ${wanted} of the account's concurrency of ${limit}; ${left} are left to everything else.\n`

/**
 * `vector-rollback guard`, before a deployment: whether an incident is open. A deployment in the middle of one does not touch flags,
 * tables or the record, but replaces the code of a run that goes on. Resolves to 4 when one is open. With `cdk`, throws
 * `Concurrency.TooLittle` where the account could not keep what the environment reserves for containment.
 */
export const guard = (options: GuardOptions): Promise<ExitCode> =>
  atPlace(options, 'look', async ({ objects, environment }) => {
    const room =
      options.cdk === undefined
        ? null
        : await requireRoom(
            { environment, concurrency: await concurrencyIn(options.cdk, environment) },
            lambdaConcurrency(),
          )
    const plans = await Promise.all((await allPlans(options.plans)).map(loadPlan))
    const leases = await Promise.all(plans.map(({ name }) => findLease(objects, name)))
    const open = leases.filter((lease): lease is Lease => lease !== null && !lease.released)
    if (options.json)
      process.stdout.write(`${JSON.stringify({ open, ...(room ? { concurrency: room } : {}) }, null, 2)}\n`)
    else if (open.length === 0) process.stdout.write(`No incident is open.\n${room ? roomLine(room) : ''}`)
    else
      process.stdout.write(
        `${open.map(line).join('')}Wait until it is over, or deploy knowing that its next step runs the new code. Flags stay as they are.\n`,
      )
    return open.length === 0 ? EXIT.ok : EXIT.busy
  })
