import type { PlanName, RetirementId, SnapshotId } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { RECORDS } from '#core/retire/names.ts'
import type { Retirement } from '#core/retire/record.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

const records = sql.id(RECORDS.schema, RECORDS.name)

type Content = Pick<Retirement, 'tables' | 'boundaryForeignKeys' | 'dependents' | 'replacedBy' | 'ledger'>
type RecordRow = Omit<Retirement, keyof Content> & { readonly record: Omit<Content, 'dependents'> & Partial<Content> }

/** All retirements of a plan, the newest first, from the database alone; none where nothing was ever retired. */
export const findRetirements = (session: Session, plan: PlanName): Promise<Retirement[]> =>
  readRecords(session, sql`where plan = ${plan}`)

/** One retirement, or `null`. */
export async function findRetirement(session: Session, id: RetirementId): Promise<Retirement | null> {
  const [retirement] = await readRecords(session, sql`where id = ${id}`)
  return retirement ?? null
}

/** The same, for a transaction that is going to close it: a second one waits here, then reads what the first wrote. */
export async function lockRetirement(session: Session, id: RetirementId): Promise<Retirement | null> {
  const [retirement] = await readRecords(session, sql`where id = ${id}`, sql`for update`)
  return retirement ?? null
}

/** Written in the transaction that moves the tables. */
export async function insertRetirement(
  session: Session,
  retirement: Pick<Retirement, 'id' | 'plan' | keyof Content>,
): Promise<void> {
  const { id, plan, tables, boundaryForeignKeys, dependents, replacedBy, ledger } = retirement
  const record = { tables, boundaryForeignKeys, dependents, replacedBy, ledger }
  await session.query(sql`insert into ${records} (id, plan, record) values (${id}, ${plan}, ${JSON.stringify(record)})`)
}

/** Written right after the move: how the definitions are printed since then. */
export async function updateDependents(
  session: Session,
  id: RetirementId,
  dependents: Content['dependents'],
): Promise<void> {
  await session.query(
    sql`update ${records} set record = jsonb_set(record, '{dependents}', ${JSON.stringify(dependents)}::jsonb) where id = ${id}`,
  )
}

/** Written in the transaction that moves the tables back. */
export async function closeAsUndone(session: Session, id: RetirementId): Promise<void> {
  await session.query(sql`update ${records} set undone_at = now() where id = ${id}`)
}

/** Written in the transaction that puts a snapshot in their place. */
export async function markReplaced(
  session: Session,
  ids: readonly RetirementId[],
  replacedBy: SnapshotId,
): Promise<void> {
  if (ids.length === 0) return
  await session.query(sql`
    update ${records} set record = record || jsonb_build_object('replacedBy', ${replacedBy}::text) where id = any(${ids}::text[])`)
}

/** Written in the transaction that brings the ledger back. */
export async function markLedgerBack(session: Session, id: RetirementId): Promise<void> {
  await session.query(sql`update ${records} set record = jsonb_set(record, '{ledger,back}', 'true') where id = ${id}`)
}

async function readRecords(session: Session, where: Sql, lock: Sql = sql``): Promise<Retirement[]> {
  const { rows: found } = await session.query<{ there: boolean }>(
    sql`select to_regclass(${records.text}) is not null as there`,
  )
  if (!found[0]?.there) return []
  const { rows } = await session.query<RecordRow & Record<string, unknown>>(sql`
    select id, plan, record, to_json(retired_at) as "retiredAt", to_json(undone_at) as "undoneAt", to_json(purged_at) as "purgedAt"
      from ${records} ${where} order by retired_at desc, id ${lock}`)
  // Records of an earlier version know of no dependents.
  return rows.map(({ record, ...columns }) => ({ ...columns, ...record, dependents: record.dependents ?? [] }))
}
