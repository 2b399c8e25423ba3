import { colours } from '#cli/colours.ts'
import { EXIT, type ExitCode } from '#cli/exit-codes.ts'
import { columns } from '#cli/snapshots/columns.ts'
import { atPlace, type PlaceOptions } from '#cli/snapshots/place.ts'
import { type PlanName, printTable } from '#core/names.ts'
import { counted, duration, moment, size } from '#core/report/figures.ts'
import { type ListedSnapshot, listSnapshots } from '#core/snapshot/list.ts'

export interface SnapshotsListOptions extends PlaceOptions {
  readonly json?: boolean
}

/** When its rows were what they are; for what is no snapshot, when it was last written. */
const timeOf = (listed: ListedSnapshot): string => {
  if (listed.state !== 'sealed') return listed.newest.toISOString()
  return listed.manifest.consistency === 'live' ? listed.manifest.takenAt : listed.manifest.createdAt
}

const document = (listed: ListedSnapshot, now: Date) => {
  const { plan, snapshot, state, keys } = listed
  const at = timeOf(listed)
  const manifest = listed.state === 'sealed' ? listed.manifest : null
  return {
    id: snapshot,
    plan,
    state,
    at,
    ageSeconds: Math.round((now.getTime() - Date.parse(at)) / 1_000),
    consistency: manifest?.consistency ?? null,
    rows: manifest?.tables.reduce((sum, { rows }) => sum + rows, 0) ?? null,
    bytes: listed.bytes,
    objects: keys.length,
    tables: manifest?.tables.map(({ schema, name, rows, bytes }) => ({ schema, name, rows, bytes })) ?? [],
    problems: listed.state === 'not trusted' ? listed.problems.map(({ name, message }) => ({ name, message })) : [],
  }
}

const STATES = {
  sealed: 'sealed',
  'not sealed': 'not sealed: not a snapshot',
  'not trusted': 'NOT TO BE TRUSTED',
} as const

const line = (listed: ListedSnapshot, now: Date): string[] => {
  const { id, plan, at, state, consistency, rows, bytes, tables } = document(listed, now)
  return [
    id,
    plan,
    moment(at),
    `${duration(Math.max(0, now.getTime() - Date.parse(at)))} old`,
    consistency ?? '-',
    rows === null ? '-' : counted(rows, 'row'),
    size(bytes),
    STATES[state],
    tables.map(printTable).join(', '),
  ]
}

/** `vector-rollback snapshots list`. Resolves to 3 when one of them cannot be trusted. */
export const snapshotsList = (plan: string | undefined, options: SnapshotsListOptions): Promise<ExitCode> =>
  atPlace(options, 'look', async ({ objects, environment, label }) => {
    const { bold, red } = colours(process.stdout)
    const now = new Date()
    const listed = await listSnapshots(objects, {
      environment,
      ...(plan === undefined ? {} : { plan: plan as PlanName }),
    })
    if (options.json) {
      const snapshots = listed.map((one) => document(one, now))
      process.stdout.write(`${JSON.stringify({ place: label, environment, snapshots }, null, 2)}\n`)
    } else if (listed.length === 0) {
      process.stdout.write(`No snapshots${plan === undefined ? '' : ` of plan "${plan}"`} in ${label}.\n`)
    } else {
      const head = ['SNAPSHOT', 'PLAN', 'OF', 'AGE', 'KIND', 'ROWS', 'STORED', 'STATE', 'TABLES']
      const [first = '', ...rows] = columns([head, ...listed.map((one) => line(one, now))])
      process.stdout.write([bold(first), ...rows].map((text) => `${text}\n`).join(''))
    }
    const problems = listed.flatMap((one) => (one.state === 'not trusted' ? one.problems : []))
    for (const { name, message } of problems) process.stderr.write(`${red('error')} ${name}: ${message}\n`)
    return problems.length > 0 ? EXIT.refused : EXIT.ok
  })
