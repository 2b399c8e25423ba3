import { colours } from '#cli/colours.ts'
import { EXIT, type ExitCode } from '#cli/exit-codes.ts'
import { allPlans, findPlan } from '#cli/plans.ts'
import { columns } from '#cli/snapshots/columns.ts'
import { atPlace, type PlaceOptions } from '#cli/snapshots/place.ts'
import { type DrillStanding, drillStandings } from '#core/decide/drill-standing.ts'
import { loadPlan } from '#core/plan/load.ts'
import { counted, moment } from '#core/report/figures.ts'

export interface DrillsOptions extends PlaceOptions {
  readonly plans?: string
  readonly json?: boolean
}

const provedText = ({ proved }: DrillStanding): string => {
  if (!proved) return 'never proved'
  return `proved ${moment(proved.at)}${proved.samePlan ? '' : ', of an earlier plan'}`
}

const dueText = ({ dueAt, overdue, weeks }: DrillStanding): string => {
  const rota = weeks.length > 0 ? ` (rota: week ${weeks.join(', ')})` : ''
  if (dueAt === null) return `OVERDUE${rota}`
  return `${overdue ? 'OVERDUE since' : 'due'} ${moment(dueAt)}${rota}`
}

/** `vector-rollback drills`: resolves to 3 when a path or a scenario is overdue, so that a schedule notices. */
export const drills = async (names: readonly string[], options: DrillsOptions): Promise<ExitCode> => {
  const folders =
    names.length > 0
      ? await Promise.all(names.map((name) => findPlan(name, options.plans)))
      : await allPlans(options.plans)
  const plans = await Promise.all(folders.map(loadPlan))
  return atPlace(options, 'look', async ({ objects, label }) => {
    const now = new Date()
    const standings = (await Promise.all(plans.map((plan) => drillStandings(objects, plan, now)))).flat()
    const overdue = standings.filter((one) => one.overdue)
    const { bold, green, red } = colours(process.stdout)
    const lines = columns(standings.map((one) => [one.plan, one.route, provedText(one), dueText(one)]))
    const end =
      overdue.length === 0
        ? bold(green(`All of ${counted(standings.length, 'path')} are proved in time, by ${label}.`))
        : bold(red(`Overdue: ${overdue.length} of ${counted(standings.length, 'path')}, by ${label}.`))
    process.stdout.write(
      `${options.json ? JSON.stringify({ drills: standings }, null, 2) : [...lines, end].join('\n')}\n`,
    )
    return overdue.length === 0 ? EXIT.ok : EXIT.refused
  })
}
