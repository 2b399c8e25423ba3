import { captureTables } from '#core/ddl/capture.ts'
import { distinctForeignKeys } from '#core/ddl/render/foreign-keys.ts'
import { isRollbackError, RollbackError } from '#core/errors.ts'
import { printTable, type Table } from '#core/names.ts'
import type { Database, Objects, Session } from '#core/ports.ts'
import { buildIndex } from '#core/restore/build-index.ts'
import { definitionDifferences } from '#core/restore/differences.ts'
import { missingExtensions, requireExtensions } from '#core/restore/extension.ts'
import { finishLoad } from '#core/restore/finish-load.ts'
import { innerForeignKeys, referringTo } from '#core/restore/inner-foreign-keys.ts'
import { loadPart } from '#core/restore/load-part.ts'
import { itemsOf } from '#core/restore/prepare.ts'
import { listRestoreIndexes } from '#core/restore/restore-indexes.ts'
import { dropScratch, makeScratch, scratchApplication, scratchInput, scratchSchema } from '#core/restore/scratch.ts'
import { restoredKey, type SideSchema, sideTable } from '#core/restore/side-schema.ts'
import { inParallel } from '#core/snapshot/in-parallel.ts'
import { type Manifest, readManifest, type SnapshotName } from '#core/snapshot/manifest.ts'
import { printDigest, rowDigest, sameDigest } from '#core/snapshot/row-digest.ts'
import { sqlState } from '#core/sql/errors.ts'

export interface DeepInput extends SnapshotName {
  /** Parts loaded at the same time. */
  readonly concurrency: number
  /** Graphs of vectors take longer than all the rest together; other indexes are always built. */
  readonly vectorIndexes: 'build' | 'leave out'
  /** Bytes that maintenance_work_mem may be set to. */
  readonly memoryBudget: number
  readonly told?: DeepProgress
}

export interface DeepProgress {
  /** `amount`: bytes of the whole step, where it is counted in bytes. */
  began?(step: string, amount: number | null): void
  loaded?(bytes: number, rows: number): void
}

export interface DeepResult {
  readonly failures: readonly RollbackError[]
  readonly tables: readonly (Table & { readonly rows: number })[]
  readonly indexes: { readonly built: readonly string[]; readonly leftOut: readonly string[] }
}

const VECTOR_METHODS = new Set(['hnsw', 'ivfflat'])
/** The longest that a timer can wait, 24 days: the build ends, or the session does. */
const AS_LONG_AS_IT_TAKES = 2 ** 31 - 1

/**
 * Restores a snapshot into scratch tables, compares rows and definitions with the manifest, and drops them. The real names
 * are not touched, and nothing is swapped in; a database beside the real one will do. What a killed verification left is
 * cleared by the next one of the same snapshot. Throws `Verify.Busy`, `Restore.ExtensionMissing`, `Snapshot.*`.
 */
export async function deepVerify(
  database: Database,
  objects: Objects,
  input: DeepInput,
  signal?: AbortSignal,
): Promise<DeepResult> {
  if (database.kind !== 'server') {
    throw new RollbackError('Verify.NoServer', `"${database.label}" has one session only.`, {
      fix: 'Give the URL of a real server.',
      category: 'usage',
    })
  }
  const manifest = await readManifest(objects, input)
  const side = scratchSchema(input, manifest)
  const open = <T>(work: (session: Session) => Promise<T>, stop = signal) =>
    database.session(
      { applicationName: scratchApplication(side), statementTimeout: 0, ...(stop && { signal: stop }) },
      work,
    )
  return open(async (session) => {
    requireExtensions(await missingExtensions(session, manifest))
    await makeScratch(session, manifest, side)
    try {
      return await verifyIn({ session, open, objects, input, manifest, side, signal })
    } finally {
      // A session that was lost cannot; the next verification does.
      await dropScratch(session, manifest, side).catch(() => undefined)
    }
  })
}

interface Work {
  /** Holds the scratch for itself. */
  readonly session: Session
  readonly open: <T>(work: (session: Session) => Promise<T>, stop?: AbortSignal) => Promise<T>
  readonly objects: Objects
  readonly input: DeepInput
  readonly manifest: Manifest
  readonly side: SideSchema
  readonly signal: AbortSignal | undefined
}

async function verifyIn(work: Work): Promise<DeepResult> {
  const { session, objects, input, manifest } = work
  const { told } = input
  const result = (failures: readonly RollbackError[], indexes: DeepResult['indexes']): DeepResult => ({
    ...{ failures, indexes },
    tables: manifest.tables.map(({ schema, name, rows }) => ({ schema, name, rows })),
  })
  const none = { built: [], leftOut: [] }
  const unloaded = await load(work)
  if (unloaded.length > 0) return result(unloaded, none)
  told?.began?.('Add keys and checks', null)
  const violated = await finding(finishLoad(session, objects, scratchInput(input)))
  if (violated) return result([violated], none)
  const indexes = await buildIndexes(work)
  told?.began?.('Compare rows', null)
  const rows = await compareRows(work)
  told?.began?.('Compare definitions', null)
  return result([...rows, ...(await compareDefinitions(work, new Set(indexes.leftOut)))], indexes)
}

async function load({ open, objects, input, manifest, side, signal }: Work): Promise<RollbackError[]> {
  const items = itemsOf(manifest, side, restoredKey(scratchInput(input)))
  const bytes = items.reduce((sum, { part }) => sum + part.storedBytes, 0)
  input.told?.began?.('Load', bytes)
  const failed = new AbortController()
  const stop = AbortSignal.any([failed.signal, ...(signal ? [signal] : [])])
  const found = await inParallel(items, input.concurrency, async (item) => {
    try {
      const failure = await finding(open((session) => loadPart(session, objects, item, stop), stop))
      if (!failure) input.told?.loaded?.(item.part.storedBytes, item.part.rows)
      return failure
    } catch (error) {
      failed.abort(error)
      throw error
    }
  })
  return found.flatMap((failure) => failure ?? [])
}

async function buildIndexes({ session, open, objects, input, side }: Work): Promise<DeepResult['indexes']> {
  const indexes = await listRestoreIndexes(session, objects, scratchInput(input))
  const leftOut = input.vectorIndexes === 'build' ? [] : indexes.filter(({ method }) => VECTOR_METHODS.has(method))
  const wanted = indexes.filter((index) => !leftOut.includes(index))
  for (const index of wanted) {
    input.told?.began?.(`Build ${index.name}`, null)
    await open((own) =>
      buildIndex(own, index, {
        applicationName: scratchApplication(side),
        waitMs: AS_LONG_AS_IT_TAKES,
        memoryBudget: input.memoryBudget,
        workers: 2,
      }),
    )
  }
  return { built: wanted.map(({ name }) => name), leftOut: leftOut.map(({ name }) => name) }
}

async function compareRows({ session, manifest, side }: Work): Promise<RollbackError[]> {
  const failures: RollbackError[] = []
  for (const table of manifest.tables) {
    const found = await rowDigest(session, sideTable(side, table))
    if (!sameDigest(found, table)) {
      failures.push(
        differs(
          'Verify.RowsDiffer',
          `Table "${printTable(table)}" was restored with ${printDigest(found)}; the manifest says ${printDigest(table)}.`,
        ),
      )
    }
  }
  return failures
}

async function compareDefinitions(
  { session, manifest, side }: Work,
  leftOut: ReadonlySet<string>,
): Promise<RollbackError[]> {
  const found = await captureTables(
    session,
    manifest.tables.map((table) => sideTable(side, table)),
  )
  const lines = manifest.tables.flatMap(({ definition }) => {
    const { schema, name } = sideTable(side, definition.table)
    const is = found.find(({ table }) => table.schema === schema && table.name === name)
    return is ? definitionDifferences(definition, is, leftOut) : []
  })
  const restored = distinctForeignKeys(found.flatMap(({ foreignKeys }) => foreignKeys))
  for (const key of innerForeignKeys(manifest)) {
    const aside = sideTable(side, key.from)
    const is = restored.find(
      ({ name, from }) => name === key.name && from.schema === aside.schema && from.name === aside.name,
    )
    const wanted = await referringTo(session, key, key.to)
    const became = is ? await referringTo(session, is, key.to) : 'nothing'
    if (became !== wanted || !is?.validated)
      lines.push(`"${printTable(key.from)}": foreign key "${key.name}": ${wanted} became ${became}`)
  }
  return lines.map((line) => differs('Verify.DefinitionDiffers', `${line}.`))
}

/** Errors that speak of the snapshot's content. What else goes wrong says nothing about it, and is thrown. */
async function finding(work: Promise<unknown>): Promise<RollbackError | null> {
  try {
    await work
    return null
  } catch (error) {
    if (!isRollbackError(error)) throw error
    const state = sqlState(error)
    // 22: data that its type refuses, or a COPY that is none. 23: rows that a constraint refuses.
    if (state?.startsWith('22') || state?.startsWith('23')) return error
    if (state === null && /^(Snapshot|Restore\.RowsDiffer|Bucket\.(ChecksumMismatch|NoSuchKey))/.test(error.name))
      return error
    throw error
  }
}

const differs = (name: `Verify.${string}`, message: string) =>
  new RollbackError(name, message, {
    fix: 'Do not rely on this snapshot: keep what it was taken of, and report this.',
    category: 'refused',
  })
