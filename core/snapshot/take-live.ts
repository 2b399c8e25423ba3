import { captureTables } from '#core/ddl/capture.ts'
import { locateTables } from '#core/ddl/catalogue/locate.ts'
import type { TableDefinition } from '#core/ddl/definition.ts'
import { expandTrees } from '#core/ddl/trees.ts'
import { type Finding, findUncapturable } from '#core/ddl/unsupported.ts'
import { RollbackError } from '#core/errors.ts'
import { writeJson } from '#core/json.ts'
import { type PlanName, printTable, type SnapshotId, type Table } from '#core/names.ts'
import type { Clock, Database, Objects, Session } from '#core/ports.ts'
import {
  atSnapshot,
  type Exported,
  exportingTransaction,
  exportSnapshot,
  inTheWay,
  keptOpen,
} from '#core/snapshot/exported.ts'
import { inParallel } from '#core/snapshot/in-parallel.ts'
import { manifestKey, partsKey } from '#core/snapshot/keys.ts'
import { type LiveManifest, MANIFEST_FORMAT, manifestDigest } from '#core/snapshot/manifest.ts'
import { manifestTable } from '#core/snapshot/manifest-table.ts'
import type { PartContent, PartItem } from '#core/snapshot/part.ts'
import { cutTables } from '#core/snapshot/plan-parts.ts'
import { requireRowsVisible } from '#core/snapshot/rows-visible.ts'
import { readServer } from '#core/snapshot/server.ts'
import { snapshotPart } from '#core/snapshot/snapshot-part.ts'
import { sqlState } from '#core/sql/errors.ts'
import { sql } from '#core/sql/tag.ts'

export interface LiveInput {
  readonly plan: PlanName
  readonly snapshot: SnapshotId
  readonly environment: string
  readonly tables: readonly Table[]
  readonly partBytes: number
  /** Parts copied at the same time. */
  readonly concurrency: number
  readonly clock: Clock
  /** Refuses the wrong database; the first thing that every session does. */
  readonly check: (session: Session) => Promise<void>
  readonly told?: LiveProgress
}

export interface LiveProgress {
  /** Before the first byte is copied. `bytes`: heap and TOAST of the tables; `notHeld`: what hangs on them and is not kept. */
  begun?(what: { takenAt: string; bytes: number; parts: number; notHeld: readonly Finding[] }): void
  /** A part that is in the bucket. */
  copied?(part: PartContent): void
}

/**
 * A rollback of the plan ends the sessions of this name, as it ends those of holders of earlier leases: no lease has the
 * epoch 0. It would have to wait for the locks of a snapshot that authorises nothing.
 */
const applicationName = (plan: PlanName, what: string): string => `vector-rollback:${plan}:0:${what}`.slice(0, 63)

/**
 * Copies tables that are being written, as of one moment: one transaction exports its snapshot and stays open until the last
 * part is done, so that all parts, on however many connections, show the same moment. Nothing is locked against reading and
 * writing; vacuum cannot remove what was visible then. An interrupted one leaves no manifest and cannot be gone on with.
 * Throws `Snapshot.IdTaken`, `Snapshot.RowsHidden`, `Snapshot.InTheWay`, `Snapshot.RowsDiffer`, `Capture.*`.
 */
export async function takeLive(
  database: Database,
  objects: Objects,
  input: LiveInput,
  signal?: AbortSignal,
): Promise<LiveManifest> {
  requireServer(database)
  const content = await database.session(
    { applicationName: applicationName(input.plan, 'live-snapshot'), statementTimeout: 0, ...(signal && { signal }) },
    async (session) => {
      await input.check(session)
      // Named before a lock would fail of it.
      const tables = await expandTrees(session, input.tables)
      await locateTables(session, tables)
      return exportingTransaction(session, () => copyAll(session, database, objects, { ...input, tables }, signal))
    },
  )
  signal?.throwIfAborted()
  const manifest: LiveManifest = { ...content, sha256: manifestDigest(content) }
  const written = await writeJson(objects, manifestKey(input.plan, input.snapshot), manifest, { ifAbsent: true })
  if (!written) throw taken(input.snapshot)
  return manifest
}

async function copyAll(
  session: Session,
  database: Database,
  objects: Objects,
  input: LiveInput,
  signal: AbortSignal | undefined,
): Promise<Omit<LiveManifest, 'sha256'>> {
  const { plan, snapshot, tables, told } = input
  const exported = await exportSnapshot(session, tables)
  await requireRowsVisible(session, tables)
  const now = await expandTrees(session, tables)
  if (now.length !== tables.length) {
    throw new RollbackError('Snapshot.CatalogueChanged', 'A partition came or went just now.', {
      fix: 'Nothing was sealed. Take the snapshot again.',
    })
  }
  const definitions = await captureTables(session, tables)
  const server = await readServer(session, tables)
  const { items, bytes } = await cutTables(session, { plan, snapshot }, tables, input.partBytes)
  const listed = await objects.write(partsKey(plan, snapshot), JSON.stringify(items), { ifAbsent: true })
  if (!listed) throw taken(snapshot)
  const { takenAt } = exported
  told?.begun?.({ takenAt, bytes, parts: items.length, notHeld: await findUncapturable(session, tables) })
  const held = await keptOpen(session, input.clock, async (lost) => {
    const work = { input, exported, signal: AbortSignal.any([lost, ...(signal ? [signal] : [])]) }
    const parts = await copyParts(database, objects, items, work)
    const held = definitions.map((definition) => tableOf(definition, items, parts))
    await inParallel(held, input.concurrency, (table) => requireRows(database, table, work))
    return held
  })
  return {
    format: MANIFEST_FORMAT,
    plan,
    snapshot,
    retirement: null,
    environment: input.environment,
    database: database.label,
    createdAt: input.clock.now().toISOString(),
    ...server,
    consistency: 'live',
    takenAt,
    tables: held,
  }
}

interface Work {
  readonly input: LiveInput
  readonly exported: Exported
  readonly signal: AbortSignal
}

/** One more connection that shows the same moment once its transaction has begun. */
const beside = <T>(database: Database, { input, signal }: Work, work: (session: Session) => Promise<T>): Promise<T> =>
  database.session(
    { applicationName: applicationName(input.plan, 'live-part'), statementTimeout: 0, signal },
    async (session) => {
      await input.check(session)
      return work(session)
    },
  )

const LOCK_NOT_AVAILABLE = '55P03'

async function copyParts(
  database: Database,
  objects: Objects,
  items: readonly PartItem[],
  work: Work,
): Promise<PartContent[]> {
  const { input, exported } = work
  // The others are of no use once one has failed.
  const failed = new AbortController()
  const signal = AbortSignal.any([failed.signal, work.signal])
  return inParallel(items, input.concurrency, async (item) => {
    try {
      const { part } = await beside(database, { ...work, signal }, (session) =>
        snapshotPart(session, objects, item, signal, atSnapshot(exported)),
      )
      input.told?.copied?.(part)
      return part
    } catch (cause) {
      // Only the first says why; the others were stopped by it.
      if (failed.signal.aborted) throw failed.signal.reason
      // We hold the tables for reading: what a reader has to wait for is somebody who waits for us.
      const error = sqlState(cause) === LOCK_NOT_AVAILABLE ? inTheWay('Somebody', item.table, cause) : cause
      failed.abort(error)
      throw error
    }
  })
}

const tableOf = (definition: TableDefinition, items: readonly PartItem[], parts: readonly PartContent[]) => {
  const { schema, name } = definition.table
  const own = items.filter(({ table }) => table.schema === schema && table.name === name)
  const [first] = own
  if (!first && !definition.partitioning) throw new TypeError(`"${printTable(definition.table)}" has no part`)
  return manifestTable(
    definition,
    first,
    own.flatMap(({ index }) => parts[index] ?? []),
  )
}

/** The parts together are the table: counted once more as a whole, at the same moment. */
async function requireRows(database: Database, table: Table & { rows: number }, work: Work): Promise<void> {
  const { rows } = await beside(database, work, (session) =>
    session.transaction(
      async () => {
        await atSnapshot(work.exported)(session)
        return session.query<{ rows: string }>(
          sql`select count(*)::text as rows from only ${sql.id(table.schema, table.name)}`,
        )
      },
      { isolation: 'repeatable read', readOnly: true },
    ),
  )
  const counted = Number(rows[0]?.rows)
  if (counted === table.rows) return
  throw new RollbackError(
    'Snapshot.RowsDiffer',
    `Table "${printTable(table)}" had ${counted} rows, its parts together have ${table.rows}.`,
    { fix: 'It was not sealed. Take it again, and report this.' },
  )
}

/** Sessions of an embedded database wait for one another, and there is nobody to write beside them. */
const requireServer = ({ kind, label }: Database): void => {
  if (kind === 'server') return
  throw new RollbackError('Snapshot.NoServer', `"${label}" has one session only.`, {
    fix: 'Take a live snapshot of a real server.',
    category: 'usage',
  })
}

const taken = (snapshot: SnapshotId) =>
  new RollbackError('Snapshot.IdTaken', `There is a snapshot "${snapshot}" already.`, {
    fix: 'Take it under another id: an interrupted one cannot be gone on with.',
    category: 'refused',
  })
