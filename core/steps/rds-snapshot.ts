import { RollbackError } from '#core/errors.ts'
import { requireMayChange } from '#core/incident/may-change.ts'
import { planToChange } from '#core/incident/plan-to-change.ts'
import type { Run } from '#core/incident/run.ts'
import { digestOf } from '#core/json.ts'
import { RdsSnapshotInput } from '#core/plan/steps-rds.ts'
import { snapshotSource } from '#core/plan/touched.ts'
import type { SnapshotSource } from '#core/ports-rds.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'

const POLL_SECONDS = 30

/** The same for every call of an incident, so that a call that was killed finds what it has started. */
export const rdsSnapshotName = (run: Pick<Run, 'plan' | 'incident'>, { of, name }: SnapshotSource): string =>
  `vector-rollback-${run.plan}-${digestOf([run.incident, of, name]).slice(0, 12)}`

export const rdsSnapshot = defineStep({
  kind: 'rds-snapshot',
  purpose: 'Lets RDS take a snapshot of the whole database, and waits until it is there.',
  event: inRun(RdsSnapshotInput),
  needs: ['databaseSnapshots', 'objects', 'plans', 'environment'],
  run: async ({ run, input }, { databaseSnapshots, objects, plans, environment }) => {
    await planToChange(run, { plans, objects })
    const source = snapshotSource(input, environment)
    const id = rdsSnapshotName(run, source)
    const of = `RDS snapshot "${id}" of ${source.of} "${source.name}"`
    const found = await databaseSnapshots.find(source, id)
    if (found?.status === 'available') return { changed: false, detail: `${of} is there`, waitSeconds: 0 }
    if (found?.status === 'failed')
      throw new RollbackError('RdsSnapshot.Failed', `${of} has failed.`, {
        fix: 'See the events of RDS. Delete it there and retry, or go on without it by another path.',
      })
    if (found) return { changed: false, detail: `${of}: ${found.status}, ${found.percent}%`, waitSeconds: POLL_SECONDS }
    const tags = { 'vector-rollback:plan': run.plan, 'vector-rollback:incident': run.incident }
    await requireMayChange(run, objects)
    const started = await databaseSnapshots.start(source, id, tags)
    if (started === 'no such database')
      throw new RollbackError('RdsSnapshot.NoDatabase', `There is no ${source.of} "${source.name}".`, {
        fix: 'Nothing was changed. Correct the plan: the name, and whether it is an instance or a cluster.',
        category: 'refused',
      })
    if (started === 'busy')
      return {
        changed: false,
        detail: `${source.of} "${source.name}" is not ready for a snapshot`,
        waitSeconds: POLL_SECONDS,
      }
    return { changed: true, detail: `${of} is being taken`, waitSeconds: POLL_SECONDS }
  },
})
