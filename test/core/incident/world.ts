import { sfnExecutions } from '#aws/executions.ts'
import { s3Objects } from '#aws/objects.ts'
import { type Claim, claimLease } from '#core/incident/lease.ts'
import type { Run } from '#core/incident/run.ts'
import type { IncidentId, PlanName, Sha256 } from '#core/names.ts'
import type { Clock } from '#core/ports.ts'
import { MACHINE, WAITING, world } from '#test/local/endpoints/states-world.ts'
import { realClock } from '#test/support/clock.ts'
import { createBucket } from '#test/support/endpoints.ts'

export const PLAN = 'search' as PlanName
const BUCKET = 'incidents'

/** Executions that run until they are stopped, and a bucket, both behind the SDK's own clients. */
export const leaseWorld = async () => {
  const { sfn, start, faults } = await world(WAITING, { ask: () => undefined })
  await createBucket(process.env.AWS_ENDPOINT_URL ?? '', BUCKET)
  const objects = s3Objects(BUCKET)
  const executions = sfnExecutions(MACHINE)
  return {
    objects,
    faults,
    /** Starts the execution of an incident. */
    begin: async (incident: string): Promise<Claimant> => {
      const execution = await start(incident)
      return { plan: PLAN, incident: incident as IncidentId, execution }
    },
    end: ({ execution }: Claimant) => sfn.stopExecution({ executionArn: execution }),
    claim: (claimant: Claimant, clock: Clock = realClock): Promise<Claim> =>
      claimLease(claimant, { objects, executions, clock }),
  }
}

interface Claimant {
  readonly plan: PlanName
  readonly incident: IncidentId
  readonly execution: string
}

/** The run that such a claim opens. */
export const runOf = ({ plan, incident, execution }: Claimant, epoch: number): Run => ({
  plan,
  incident,
  execution,
  epoch,
  planDigest: 'a'.repeat(64) as Sha256,
  path: 'full',
  drill: false,
})
