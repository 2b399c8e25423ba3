import { recordDrill } from '#core/decide/drill.ts'
import type { DrillReport } from '#core/report/drill.ts'
import { atPlace } from './snapshots/place.ts'

/**
 * Keeps in the bucket of an environment that its paths were drilled here: alarms act there by themselves only then. The time
 * is that of the drill's end, since a drill moves the clock of its runs. Nothing without `bucket`, or when it did not pass.
 */
export const keepPassed = async (
  { plan, outcome, runs, createdAt }: DrillReport,
  { bucket, environment }: { readonly bucket?: string; readonly environment?: string },
): Promise<void> => {
  if (bucket === undefined || outcome !== 'drill-passed') return
  const place = { bucket, ...(environment === undefined ? {} : { environment }) }
  await atPlace(place, 'look', async ({ objects, label }) => {
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
