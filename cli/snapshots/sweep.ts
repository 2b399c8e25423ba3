import { postgres } from '#aws/postgres.ts'
import { colours } from '#cli/colours.ts'
import { EXIT, type ExitCode } from '#cli/exit-codes.ts'
import { findPlan } from '#cli/plans.ts'
import { atPlace, type PlaceOptions } from '#cli/snapshots/place.ts'
import { isRollbackError } from '#core/errors.ts'
import { checkDatabase } from '#core/incident/right-database.ts'
import type { PlanName } from '#core/names.ts'
import { loadPlan } from '#core/plan/load.ts'
import type { Session, SweptObjects } from '#core/ports.ts'
import { counted, duration, size } from '#core/report/figures.ts'
import { type JudgedFolder, type JudgedUpload, judgeAll, type SweepRules } from '#core/snapshot/judge.ts'
import { manifestKey } from '#core/snapshot/keys.ts'
import { type Swept, sweepJudged } from '#core/snapshot/sweep.ts'

export interface SnapshotsSweepOptions extends PlaceOptions {
  readonly plan?: string
  /** Milliseconds. */
  readonly olderThan: number
  readonly confirm?: boolean
  readonly databaseUrl?: string
  readonly plans?: string
  readonly json?: boolean
}

interface Outcome {
  readonly folders: readonly JudgedFolder[]
  readonly uploads: readonly JudgedUpload[]
  /** `null`: it was a dry run. */
  readonly swept: Swept | null
}

/** The session, for plans whose database it is by their sentinel; another one knows nothing of their retirements. */
const provenFor = (session: Session, label: string, plans: string | undefined): SweepRules['sessionOf'] => {
  const proven = new Map<PlanName, Session | null>()
  return async (name) => {
    const known = proven.get(name)
    if (known !== undefined) return known
    const found = await findPlan(name, plans)
      .then(loadPlan)
      .then((plan) => checkDatabase(session, plan, label))
      .then(
        () => session,
        (error: unknown) => {
          if (isRollbackError(error) && error.category !== 'unreachable') return null
          throw error
        },
      )
    proven.set(name, found)
    return found
  }
}

const sweepBy = async (objects: SweptObjects, rules: SweepRules, confirmed: boolean): Promise<Outcome> => {
  const judged = await judgeAll(objects, rules)
  return { ...judged, swept: confirmed ? await sweepJudged(objects, judged, rules) : null }
}

const run = async (objects: SweptObjects, options: SnapshotsSweepOptions): Promise<Outcome> => {
  const { plan, olderThan, databaseUrl: url, confirm = false } = options
  const rules = (sessionOf: SweepRules['sessionOf']): SweepRules => ({
    ...{ olderThan, now: new Date(), sessionOf },
    ...(plan === undefined ? {} : { plan: plan as PlanName }),
  })
  if (url === undefined)
    return sweepBy(
      objects,
      rules(async () => null),
      confirm,
    )
  const database = postgres({ url })
  return database.session({ applicationName: 'vector-rollback:sweep' }, (session) =>
    sweepBy(objects, rules(provenFor(session, database.label, options.plans)), confirm),
  )
}

const text = ({ folders, uploads, swept }: Outcome): string => {
  const { bold, yellow, dim } = colours(process.stdout)
  const verb = swept ? 'delete' : 'would delete'
  const age = (since: Date) => `${duration(Math.max(0, Date.now() - since.getTime()))} old`
  const isSnapshot = ({ plan, snapshot, keys }: JudgedFolder) => keys.includes(manifestKey(plan, snapshot))
  const lines = [
    ...folders
      .filter((folder) => !isSnapshot(folder))
      .map(({ plan, snapshot, keys, bytes, newest, verdict, why }) => {
        const what = `${plan}/${snapshot}  ${counted(keys.length, 'object')}, ${size(bytes)}, ${age(newest)}: ${why}`
        return verdict === 'sweep' ? `${yellow(verb)}  ${what}` : `${dim('keep')}  ${what}`
      }),
    ...uploads.map(({ key, startedAt, verdict, why }) => {
      const what = `unfinished upload of ${key}, ${age(startedAt)}: ${why}`
      return verdict === 'sweep' ? `${yellow(verb)}  ${what}` : `${dim('keep')}  ${what}`
    }),
  ]
  const kept = folders.filter(isSnapshot).length
  const candidates = [...folders, ...uploads].filter(({ verdict }) => verdict === 'sweep').length
  const end =
    swept && candidates > 0
      ? `Deleted ${counted(swept.objects, 'object')} (${size(swept.bytes)}) of ${counted(swept.folders, 'folder')}, aborted ${counted(swept.uploads, 'upload')}.`
      : candidates === 0
        ? 'There is nothing to delete.'
        : 'Nothing was deleted: add --confirm.'
  return [...lines, `${bold(end)} ${counted(kept, 'snapshot')} with a manifest: not looked at.`].join('\n')
}

/** `vector-rollback snapshots sweep`: what interrupted snapshots left behind. Deletes only with `--confirm`. */
export const snapshotsSweep = (options: SnapshotsSweepOptions): Promise<ExitCode> =>
  atPlace({ ...options, environment: options.environment ?? 'any' }, 'look', async ({ objects, label }) => {
    const outcome = await run(objects, options)
    const document = {
      place: label,
      folders: outcome.folders.map(({ plan, snapshot, keys, bytes, newest, verdict, why }) => ({
        ...{ plan, id: snapshot, objects: keys.length, bytes, newest: newest.toISOString(), verdict, why },
      })),
      uploads: outcome.uploads.map(({ key, startedAt, verdict, why }) => ({
        ...{ key, startedAt: startedAt.toISOString(), verdict, why },
      })),
      deleted: outcome.swept,
    }
    process.stdout.write(`${options.json ? JSON.stringify(document, null, 2) : text(outcome)}\n`)
    return EXIT.ok
  })
