import { dropDependents } from '#core/ddl/dependents/drop.ts'
import { RollbackError } from '#core/errors.ts'
import { printTable } from '#core/names.ts'
import type { Clock, Objects, Session } from '#core/ports.ts'
import { requireUnchangedDependents, retiredDependents } from '#core/purge/dependents.ts'
import { describePurge, type PurgeSubject, sealedManifest } from '#core/purge/subject.ts'
import { retiredViews } from '#core/retire/dependents.ts'
import { RECORDS, RETIRED_ROLE } from '#core/retire/names.ts'
import { isOpen, type Retirement } from '#core/retire/record.ts'
import { findRetirement, lockRetirement } from '#core/retire/records.ts'
import type { RetiredManifest } from '#core/snapshot/manifest.ts'
import { printDigest, rowDigest, sameDigest } from '#core/snapshot/row-digest.ts'
import { verifySnapshot } from '#core/snapshot/verify.ts'
import { sqlState } from '#core/sql/errors.ts'
import { type TableLockOptions, withTableLocks } from '#core/sql/locks.ts'
import { sql } from '#core/sql/tag.ts'

export interface PurgeInput {
  /** As it was approved. */
  readonly subject: PurgeSubject
  readonly environment: string
  readonly clock: Clock
  readonly locks: TableLockOptions
}

export interface Purged {
  readonly changed: boolean
  readonly rows: number
  /** Whether it was dropped, or why it stays; `null` when the plan does not name one. */
  readonly extension: PurgeSubject['extension']
}

/**
 * Destroys retired tables: the only place that does. In one transaction that holds them exclusively it proves that their
 * rows are those of the manifest, that manifest and parts are intact, and that the catalogue is as it was approved; then
 * drops without cascade. Tables that were purged before are `changed: false`.
 * Throws `Purge.ChangedSinceSnapshot`, `Purge.SubjectChanged`, `Purge.NotCovered`, `Purge.NothingToPurge`, `Snapshot.*`.
 */
export async function purge(session: Session, objects: Objects, input: PurgeInput): Promise<Purged> {
  const { subject, clock, locks } = input
  const result = { rows: subject.rows, extension: subject.extension }
  const found = await findRetirement(session, subject.retirement)
  if (found?.purgedAt) return { changed: false, ...result }
  const retirement = requireOpen(found, subject)
  const tables = retirement.tables.map(({ retired }) => retired)
  const locked = [...tables, ...retiredViews(retirement.dependents)]
  // Only their owner may lock them.
  await session.query(sql`set role ${sql.id(RETIRED_ROLE)}`)
  try {
    return await withTableLocks(session, locked, clock, locks, async () => {
      // Only their owner can wait for these tables, and a takeover ends a session that was paused here.
      await session.query(
        sql`select set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true)`,
      )
      const manifest = await sealedManifest(objects, retirement, input.environment)
      await verifySnapshot(objects, manifest, { depth: 'lengths' })
      await requireUnchangedRows(session, retirement, manifest)
      await session.query(sql`set local role none`)
      requireOpen(await lockRetirement(session, retirement.id), subject)
      requireSame(subject, await describePurge(session, retirement, manifest, subject.extension?.name))
      // Reading all rows takes a while.
      await locks.guard?.()
      await destroy(session, retirement, manifest, subject)
      return { changed: true, ...result }
    })
  } catch (error) {
    // A twin dropped them while this one waited for the lock.
    if (sqlState(error) !== UNDEFINED_TABLE) throw error
    if (await purgedMeanwhile(session, subject)) return { changed: false, ...result }
    // Or a view that went along is gone, and there was nothing to lock.
    await requireUnchangedDependents(session, retirement, await sealedManifest(objects, retirement, input.environment))
    throw error
  } finally {
    // A session that was lost has no role to give back.
    await session.query(sql`reset role`).catch(() => undefined)
  }
}

const UNDEFINED_TABLE = '42P01'

async function purgedMeanwhile(session: Session, { retirement }: PurgeSubject): Promise<boolean> {
  await session.query(sql`reset role`)
  return (await findRetirement(session, retirement))?.purgedAt != null
}

async function destroy(
  session: Session,
  retirement: Retirement,
  manifest: RetiredManifest,
  { extension }: PurgeSubject,
): Promise<void> {
  await session.query(sql`set local role ${sql.id(RETIRED_ROLE)}`)
  for (const statement of dropDependents(retiredDependents(manifest))) await session.query(statement)
  await session.query(
    sql`drop table ${sql.join(retirement.tables.map(({ retired }) => sql.id(retired.schema, retired.name)))}`,
  )
  await session.query(sql`set local role none`)
  if (extension && extension.kept === null) await session.query(sql`drop extension ${sql.id(extension.name)}`)
  await session.query(
    sql`update ${sql.id(RECORDS.schema, RECORDS.name)} set purged_at = now() where id = ${retirement.id}`,
  )
}

async function requireUnchangedRows(
  session: Session,
  { tables }: Retirement,
  manifest: RetiredManifest,
): Promise<void> {
  for (const { retired, definition } of tables) {
    const { schema, name } = definition.table
    const sealed = manifest.tables.find((table) => table.schema === schema && table.name === name)
    const now = await rowDigest(session, retired)
    if (sealed && sameDigest(now, sealed)) continue
    throw new RollbackError(
      'Purge.ChangedSinceSnapshot',
      `Table "${printTable(definition.table)}" has ${printDigest(now)}; its snapshot has ${
        sealed ? printDigest(sealed) : 'no such table'
      }.`,
      {
        fix: 'Somebody wrote to the retired table after it was snapshotted. Nothing was dropped: undo the retirement, or find out who.',
        category: 'refused',
      },
    )
  }
}

function requireOpen(found: Retirement | null, { retirement, plan }: PurgeSubject): Retirement {
  if (found && isOpen(found) && found.plan === plan) return found
  throw new RollbackError('Purge.NothingToPurge', `Retirement "${retirement}" of plan "${plan}" is not open.`, {
    fix: 'There is nothing to do: its tables were moved back, or purged already.',
    category: 'refused',
  })
}

function requireSame(approved: PurgeSubject, now: PurgeSubject): void {
  const differs =
    approved.manifestSha256 !== now.manifestSha256
      ? 'manifest'
      : approved.catalogueFingerprint !== now.catalogueFingerprint
        ? 'catalogue'
        : approved.snapshot !== now.snapshot
          ? 'snapshot'
          : null
  if (differs === null) return
  throw new RollbackError('Purge.SubjectChanged', `The ${differs} is not the one that was approved.`, {
    fix: 'Nothing was dropped. Look at the new preview and ask for approval again.',
    category: 'refused',
  })
}
