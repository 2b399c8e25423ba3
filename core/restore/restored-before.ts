import { readIncident } from '#core/incident/incident.ts'
import type { IncidentId, PlanName, SnapshotId } from '#core/names.ts'
import type { Objects } from '#core/ports.ts'
import { restoredKey } from '#core/restore/side-schema.ts'

/**
 * Whether this run, or the killed ones whose work it goes on with, has put the snapshot in place already: then it has only
 * what follows to do. A run that ended is no such one: to ask for the snapshot again means to have it once more.
 */
export async function restoredBefore(
  objects: Objects,
  { plan, incident, snapshot }: { plan: PlanName; incident: IncidentId; snapshot: SnapshotId },
): Promise<boolean> {
  const seen = new Set<string>()
  for (let id: string | null = incident; id !== null && !seen.has(id); ) {
    seen.add(id)
    const record = await readIncident(objects, id as IncidentId)
    if (record?.snapshot !== snapshot) return false
    if (await objects.head(restoredKey({ plan, incident: id as IncidentId, snapshot }))) return true
    id = record.tookOver
  }
  return false
}
