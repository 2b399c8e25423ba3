import { recordDrill } from '#core/decide/drill.ts'
import type { DrillReport } from '#core/report/drill.ts'
import { atPlace, type PlaceOptions } from './snapshots/place.ts'

/**
 * Keeps in the bucket of an environment, or in a state folder, that the paths were drilled here: alarms act by themselves only
 * then. The time is that of the drill's end, since a drill moves the clock of its runs. Nothing without a place, or when it
 * did not pass.
 */
export const keepPassed = async (
  { plan, outcome, runs, createdAt }: DrillReport,
  place: PlaceOptions,
): Promise<void> => {
  if ((place.bucket === undefined && place.state === undefined) || outcome !== 'drill-passed') return
  await atPlace(place, 'start', async ({ objects, label }) => {
    for (const { report } of runs) {
      const { planDigest, path, scenario, incident } = report
      await recordDrill(objects, {
        plan,
        planDigest,
        path,
        scenario,
        incident,
        outcome,
        environment: report.environment,
        createdAt,
      })
    }
    process.stderr.write(`Kept in ${label}: the drill of ${plan} passed.\n`)
  })
}
