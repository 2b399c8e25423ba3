import { z } from 'zod'
import { RollbackError } from '#core/errors.ts'
import { reading } from '#core/incident/session.ts'
import { printTable, type SnapshotId } from '#core/names.ts'
import { chooseRestore as choose } from '#core/restore/choose.ts'
import { existing } from '#core/restore/drift.ts'
import { restoredBefore } from '#core/restore/restored-before.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'

/** What the request says beyond the path. */
const Asked = z.strictObject({
  snapshot: z.string().nullable(),
  acceptDrift: z.boolean(),
})

export const chooseRestore = defineStep({
  kind: 'choose-restore',
  purpose: 'Says where the tables come back from: retired, a snapshot, or they are there; and what stands in its way.',
  event: inRun(Asked),
  needs: ['database', 'objects', 'plans', 'environment', 'signal'],
  run: async ({ run, input }, ports) => {
    const plan = await ports.plans.load(run.plan)
    const tables = plan.paths.full?.retire ?? plan.protects.tables
    const snapshot = input.snapshot as SnapshotId | null
    if (snapshot !== null && (await restoredBefore(ports.objects, { ...run, snapshot })))
      return {
        changed: false,
        detail: `Snapshot "${snapshot}" was put in place before; what follows is to be done.`,
        source: 'nothing' as const,
        restore: {},
      }
    return reading(run, plan, 'choose-restore', ports, async (session) => {
      const { source, detail, ...restore } = await choose(session, ports.objects, {
        plan: run.plan,
        environment: ports.environment,
        tables,
        createExtension: true,
        acceptDrift: input.acceptDrift,
        allow: plan.paths.full?.allow ?? [],
        ...(snapshot === null ? {} : { snapshot }),
      })
      if (source === 'nothing') {
        const there = await existing(session, tables)
        if (there.length < tables.length)
          throw new RollbackError(
            'Restore.NothingToRestoreFrom',
            `Of ${tables.map(printTable).join(', ')} only ${there.length} are there. ${detail}`,
            {
              fix: 'Look for a snapshot of another environment, or restore the cluster to a point in time and copy the tables from there.',
              category: 'refused',
            },
          )
      }
      return { changed: false, detail, source, restore }
    })
  },
})
