import { postgres } from '#aws/postgres.ts'
import { colours } from '#cli/colours.ts'
import { EXIT, type ExitCode } from '#cli/exit-codes.ts'
import { interruptible } from '#cli/snapshots/interruptible.ts'
import { atPlace, type Place, type PlaceOptions } from '#cli/snapshots/place.ts'
import { type Steps, withSteps } from '#cli/snapshots/steps.ts'
import { RollbackError } from '#core/errors.ts'
import type { PlanName } from '#core/names.ts'
import { suggestion } from '#core/plan/nearest.ts'
import type { Objects } from '#core/ports.ts'
import { counted, size } from '#core/report/figures.ts'
import { type DeepResult, deepVerify } from '#core/restore/deep-verify.ts'
import { type Examined, examineSnapshot } from '#core/snapshot/examine.ts'
import { listFolders } from '#core/snapshot/folders.ts'
import type { SnapshotName } from '#core/snapshot/manifest.ts'

export interface SnapshotsVerifyOptions extends PlaceOptions {
  readonly plan?: string
  readonly deep?: boolean
  readonly databaseUrl?: string
  readonly indexes?: boolean
  readonly json?: boolean
}

const usage = (name: `${string}.${string}`, message: string, fix: string) =>
  new RollbackError(name, message, { fix, category: 'usage' })

/** Ids are unique within a plan. Throws `Snapshot.Unknown`, `Snapshot.Ambiguous`. */
const findSnapshot = async (
  objects: Objects,
  id: string,
  plan: string | undefined,
): Promise<Omit<SnapshotName, 'environment'>> => {
  const folders = await listFolders(objects, plan as PlanName | undefined)
  const found = folders.filter(({ snapshot }) => snapshot === id)
  const [first, second] = found
  if (first && !second) return { plan: first.plan, snapshot: first.snapshot }
  if (first) {
    const plans = found.map((folder) => folder.plan)
    throw usage('Snapshot.Ambiguous', `Several plans have a snapshot "${id}".`, `Add --plan: ${plans.join(' or ')}.`)
  }
  const ids = folders.map(({ snapshot }) => snapshot)
  throw usage(
    'Snapshot.Unknown',
    `There is no snapshot "${id}"${plan === undefined ? '' : ` of plan "${plan}"`}.`,
    ids.length === 0 ? 'There is none at all: look at --state or --bucket, and --plan.' : suggestion(id, ids),
  )
}

/** Bytes that maintenance_work_mem may be set to for a graph. */
const MEMORY_BUDGET = 2 * 1024 ** 3
const CONNECTIONS = 2

const deepen = (
  url: string,
  { objects, environment }: Place,
  name: Omit<SnapshotName, 'environment'>,
  options: SnapshotsVerifyOptions,
  shown: Steps,
  signal: AbortSignal,
): Promise<DeepResult> =>
  deepVerify(
    postgres({ url }),
    objects,
    {
      ...name,
      environment,
      concurrency: CONNECTIONS,
      vectorIndexes: options.indexes ? 'build' : 'leave out',
      memoryBudget: MEMORY_BUDGET,
      told: { began: shown.begin, loaded: shown.add },
    },
    signal,
  )

const text = (name: Omit<SnapshotName, 'environment'>, examined: Examined, deep: DeepResult | null): string => {
  const { bold, green, red } = colours(process.stdout)
  const failures = [...examined.failures, ...(deep?.failures ?? [])]
  const what = `snapshot "${name.snapshot}" of plan "${name.plan}"`
  if (failures.length > 0) {
    const lines = failures.map((failure) => `${red('error')} ${bold(failure.name)}\n  ${failure.message}`)
    return [
      ...lines,
      bold(red(`Not to be relied on: ${what}, ${counted(failures.length, 'failure')}. Nothing was written.`)),
    ].join('\n')
  }
  const rows = deep?.tables.reduce((sum, table) => sum + table.rows, 0) ?? 0
  return [
    `${bold(green('Intact'))}: ${what}, ${examined.manifest?.consistency}, ${counted(examined.objects, 'object')}, ${size(examined.bytes)} as the manifest says.`,
    ...(deep
      ? [
          `Restored beside the real names and compared: ${counted(rows, 'row')} in ${counted(deep.tables.length, 'table')}, and their definitions.`,
          ...(deep.indexes.leftOut.length > 0
            ? [`Not built: ${deep.indexes.leftOut.join(', ')}. --indexes builds vector indexes, too.`]
            : []),
        ]
      : []),
  ].join('\n')
}

/**
 * `vector-rollback snapshots verify`: every object of a snapshot against its manifest; `--deep` restores it into scratch
 * tables as well. Resolves to 3 when anything differs, all of it named.
 */
export const snapshotsVerify = async (id: string, options: SnapshotsVerifyOptions): Promise<ExitCode> => {
  const { databaseUrl } = options
  if (options.deep && databaseUrl === undefined)
    throw usage(
      'Usage.Invalid',
      '"--deep" needs "--database-url".',
      'Name a database to restore into: scratch tables only.',
    )
  if (!options.deep && (databaseUrl !== undefined || options.indexes))
    throw usage('Usage.Invalid', 'A database is of use with "--deep" only.', 'Add --deep, or leave it out.')
  return atPlace(options, 'look', async (place) => {
    const name = await findSnapshot(place.objects, id, options.plan)
    const [examined, deep] = await interruptible((signal) =>
      withSteps(async (shown) => {
        const examined = await examineSnapshot(
          place.objects,
          { ...name, environment: place.environment },
          { signal, began: (bytes) => shown.begin('Read every object', bytes), read: shown.add },
        )
        // What is not intact is not restored.
        if (databaseUrl === undefined || examined.failures.length > 0) return [examined, null] as const
        return [examined, await deepen(databaseUrl, place, name, options, shown, signal)] as const
      }),
    )
    const failures = [...examined.failures, ...(deep?.failures ?? [])]
    const { plan, snapshot } = name
    const result = {
      ...{ id: snapshot, plan, intact: failures.length === 0, objects: examined.objects, bytes: examined.bytes },
      consistency: examined.manifest?.consistency ?? null,
      failures: failures.map((failure) => ({ name: failure.name, message: failure.message })),
      deep: deep && { tables: deep.tables, indexes: deep.indexes },
    }
    process.stdout.write(`${options.json ? JSON.stringify(result, null, 2) : text(name, examined, deep)}\n`)
    return failures.length === 0 ? EXIT.ok : EXIT.refused
  })
}
