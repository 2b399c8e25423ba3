import { z } from 'zod'
import { expandTrees } from '#core/ddl/trees.ts'
import { messageOf } from '#core/errors.ts'
import { Evidence, evidenceNames, preserveEvidence as preserve } from '#core/evidence/preserve.ts'
import { keys } from '#core/incident/keys.ts'
import { requireLease } from '#core/incident/lease.ts'
import { reading } from '#core/incident/session.ts'
import { readJson, writeJson } from '#core/json.ts'
import { endEarlierHolders } from '#core/sql/earlier-holders.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'

export const preserveEvidence = defineStep({
  kind: 'preserve-evidence',
  purpose:
    'Keeps what the database shows before anything changes: queries, locks, sizes, indexes, policies, versions, revisions.',
  event: inRun(z.strictObject({})),
  needs: ['database', 'objects', 'plans', 'clock', 'signal'],
  run: async ({ run }, ports) => {
    const plan = await ports.plans.load(run.plan)
    const folder = keys.seen(run.incident)
    const at = ports.clock.now().toISOString()
    let written = 0
    let ended: readonly string[] = []
    const keep = async (name: string, rows: readonly unknown[]) => {
      const key = `${folder}${name}.json`
      // Write-once: a second run must not replace what was seen before anything changed.
      if (await writeJson(ports.objects, key, { at, rows }, { ifAbsent: true })) written += 1
      return key
    }
    const evidence: Evidence[] = await reading(run, plan, 'evidence', ports, async (session) => {
      // Without their partitions rather than not at all.
      const tables = await expandTrees(session, plan.protects.tables).catch(() => plan.protects.tables)
      const kept = await preserve(session, plan, tables, keep)
      // The first session of every run, whatever its path: what an earlier holder of the lease left running ends here, once
      // it is on record. Each session that changes something does so too, and there a failure counts.
      ended = await requireLease(run, ports.objects)
        .then(() => endEarlierHolders(session, run.plan, run.epoch))
        .catch(() => [])
      return kept
    }).catch((error: unknown) =>
      // A database that is down is a reason to roll back, not a reason to stop: the report says that nothing is known.
      evidenceNames(plan).map((name) => ({
        name,
        key: null,
        status: 'unknown' as const,
        detail: messageOf(error),
      })),
    )
    const index = `${folder}index.json`
    // What a first run could not have, a second one may; what was kept stays as it was seen first.
    const known = await readJson(ports.objects, index).then(
      (found) =>
        new Map(
          Evidence.array()
            .parse(found?.value ?? [])
            .map((piece) => [piece.name, piece]),
        ),
      () => new Map<string, Evidence>(),
    )
    const all = evidence.map((piece) => {
      const before = known.get(piece.name)
      return before?.status === 'kept' ? before : piece
    })
    await writeJson(ports.objects, index, all).catch(() => null)
    const kept = all.filter(({ status }) => status === 'kept').length
    const notes = ended.map((name) => `; "${name}" of an earlier run ended`).join('')
    return { changed: written > 0, detail: `${kept} of ${all.length} pieces kept${notes}`, kept }
  },
})
