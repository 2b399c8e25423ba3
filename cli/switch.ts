import { basename } from 'node:path'
import { colours } from '#cli/colours.ts'
import { EXIT, type ExitCode } from '#cli/exit-codes.ts'
import { allPlans, findPlan } from '#cli/plans.ts'
import { columns } from '#cli/snapshots/columns.ts'
import { atPlace, type PlaceOptions } from '#cli/snapshots/place.ts'
import { RollbackError } from '#core/errors.ts'
import { ALL_PLANS, readSwitch, type Switch, writeSwitch } from '#core/incident/switch.ts'
import { moment } from '#core/report/figures.ts'

export interface SwitchOptions extends PlaceOptions {
  readonly all?: boolean
  readonly plans?: string
  readonly json?: boolean
}

export interface ThrowSwitchOptions extends SwitchOptions {
  readonly by: string
  readonly reason: string
}

/** A mistyped name would stop nothing, and say that it did: throws `Plan.Unknown`, or `Usage.Invalid` without a name. */
const nameOf = async (plan: string | undefined, { all, plans }: SwitchOptions): Promise<string> => {
  if (plan !== undefined && !all) return basename(await findPlan(plan, plans))
  if (plan === undefined && all) return ALL_PLANS
  throw new RollbackError(
    'Usage.Invalid',
    `There is ${all ? 'both' : 'neither'} a plan ${all ? 'and' : 'nor'} "--all".`,
    {
      fix: 'Name the plan, or give --all for every plan of the environment.',
      category: 'usage',
    },
  )
}

const line = (name: string, state: Switch | null): string[] => {
  const what = name === ALL_PLANS ? 'every plan' : name
  if (state === null) return [what, 'not stopped', '-', '-', '-']
  return [what, state.stopped ? 'STOPPED' : 'not stopped', moment(state.at), state.by, state.reason]
}

const print = (switches: readonly (readonly [string, Switch | null])[]): void => {
  const { bold } = colours(process.stdout)
  const head = ['WHAT', 'STATE', 'SINCE', 'BY', 'REASON']
  const [first = '', ...rows] = columns([head, ...switches.map(([name, state]) => line(name, state))])
  process.stdout.write([bold(first), ...rows].map((text) => `${text}\n`).join(''))
}

const document = (label: string, switches: readonly (readonly [string, Switch | null])[]): string =>
  `${JSON.stringify({ place: label, switches: Object.fromEntries(switches) }, null, 2)}\n`

/** `vector-rollback switch stop|release`. */
export const throwSwitch = async (
  plan: string | undefined,
  stopped: boolean,
  options: ThrowSwitchOptions,
): Promise<ExitCode> => {
  const name = await nameOf(plan, options)
  return atPlace(options, 'look', async ({ objects, label }) => {
    const clock = { now: () => new Date() }
    const state = await writeSwitch(objects, name, { stopped, by: options.by, reason: options.reason, clock })
    if (options.json) process.stdout.write(document(label, [[name, state]]))
    else print([[name, state]])
    return EXIT.ok
  })
}

/** `vector-rollback switch show`: of one plan and of every plan; without a name, of all plans there are. */
export const showSwitches = async (plan: string | undefined, options: SwitchOptions): Promise<ExitCode> => {
  const all = plan === undefined && !options.all ? await allPlans(options.plans) : []
  const names = plan === undefined ? all.map((folder) => basename(folder)) : [await nameOf(plan, options)]
  return atPlace(options, 'look', async ({ objects, label }) => {
    const switches: [string, Switch | null][] = []
    for (const name of [ALL_PLANS, ...names]) switches.push([name, await readSwitch(objects, name)])
    if (options.json) process.stdout.write(document(label, switches))
    else print(switches)
    return EXIT.ok
  })
}
