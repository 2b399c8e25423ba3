import { z } from 'zod'
import { RollbackError } from '#core/errors.ts'
import { requireMayChange } from '#core/incident/may-change.ts'
import { applicationName, reading } from '#core/incident/session.ts'
import { closeRebuilt, droppedIndexesToBuild } from '#core/indexes/dropped.ts'
import { printTable } from '#core/names.ts'
import { type BuildResult, buildIndex } from '#core/restore/build-index.ts'
import { listPendingIndexes } from '#core/restore/index-to-build.ts'
import { pollSeconds } from '#core/restore/poll.ts'
import { listRestoreIndexes } from '#core/restore/restore-indexes.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'
import { restoreInput } from '#core/steps/from-snapshot.ts'

/** Bytes for maintenance_work_mem, when the graph needs as much. */
const MEMORY_BUDGET = 2 * 1024 ** 3
const WORKERS = 2

export const buildIndexes = defineStep({
  kind: 'build-indexes',
  purpose: 'Builds the indexes of a restore and those that a partial rollback dropped; asks again while one is built.',
  event: inRun(z.strictObject({ restore: z.looseObject({ snapshot: z.string().optional() }) })),
  needs: ['database', 'objects', 'plans', 'environment', 'signal', 'remaining'],
  run: async ({ run, input }, ports) => {
    const plan = await ports.plans.load(run.plan)
    const { snapshot } = input.restore
    const fromSnapshot = snapshot === undefined ? null : restoreInput(run, { restore: { snapshot } }, ports.environment)
    const notes: string[] = []
    for (;;) {
      await requireMayChange(run, ports.objects)
      const pending = await reading(run, plan, 'build-indexes', ports, async (session) => [
        ...(fromSnapshot ? await listRestoreIndexes(session, ports.objects, fromSnapshot) : []),
        ...(await listPendingIndexes(
          session,
          await droppedIndexesToBuild(session, ports.objects, run.plan, fromSnapshot),
        )),
      ])
      const [index] = pending
      if (!index) break
      // Not under the plan's lock: a build that outlives the function would keep it. The lease and the build's own lock guard it.
      const result: BuildResult = await reading(run, plan, 'build-indexes', ports, (session) =>
        buildIndex(session, index, {
          applicationName: applicationName(run, ''),
          waitMs: Math.max(1_000, ports.remaining() - 20_000),
          memoryBudget: MEMORY_BUDGET,
          workers: ports.database.kind === 'embedded' ? 0 : WORKERS,
          guard: () => requireMayChange(run, ports.objects),
        }),
      )
      const name = `${printTable(index.table)} ${index.name}`
      if (result.state !== 'built') {
        const phase = result.progress ? `, ${result.progress.phase} ${result.progress.percent ?? '?'}%` : ''
        return {
          changed: result.changed,
          detail: `${name} is being built${phase}`,
          waitSeconds: pollSeconds(result.progress?.seconds ?? null),
        }
      }
      if (!result.changed)
        throw new RollbackError('Index.NotPending', `${name} is built, yet it was listed as missing.`, {
          fix: 'Somebody builds it by hand at the same time: let that end, then retry.',
        })
      notes.push(
        `${name} built${result.fitsMemory ? '' : ', slowly: its graph does not fit into maintenance_work_mem'}`,
      )
    }
    await reading(run, plan, 'build-indexes', ports, (session) => closeRebuilt(session, ports.objects, run.plan))
    return { changed: notes.length > 0, detail: notes.join(', ') || 'no index was missing', waitSeconds: 0 }
  },
})
