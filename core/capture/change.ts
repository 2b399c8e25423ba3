import { loadEarlier } from '#core/capture/earlier.ts'
import { digestOfCaptured, keepCaptured } from '#core/capture/keep.ts'
import type { Capture } from '#core/capture/record.ts'
import { takeRows } from '#core/capture/statements.ts'
import { requireMayChange } from '#core/incident/may-change.ts'
import type { Run } from '#core/incident/run.ts'
import type { Plan } from '#core/plan/load.ts'
import { sqlOf } from '#core/plan/sql-of.ts'
import type { Clock, Objects, Session } from '#core/ports.ts'

/** Which rows: those of a SELECT of the plan, which may read what an earlier step captured as `pg_temp.earlier`. */
export interface Rows {
  readonly capture: string
  readonly earlier?: string | undefined
}

interface Ports {
  readonly objects: Objects
  readonly clock: Clock
}

/** Finds the rows and puts them into `pg_temp.captured`. Inside a transaction. */
export const findRows = async (
  session: Session,
  plan: Plan,
  run: Run,
  rows: Rows,
  { objects }: Pick<Ports, 'objects'>,
): Promise<void> => {
  if (rows.earlier !== undefined) await loadEarlier(session, plan, run, rows.earlier, objects)
  await session.query(takeRows(sqlOf(plan, rows.capture)))
}

/**
 * Changes rows that are in the evidence before. One transaction with one view of the data: the rows are found, they are
 * written to the bucket, and only then `change` runs, over `pg_temp.captured`. No lock is held while the bucket is written to, so
 * that nobody waits for an upload; a row that somebody else changes meanwhile makes the server refuse the change (40001), all
 * of it, and the caller begins again. Resolves to what was captured, `null` when there was no row.
 */
export const changeCaptured = (
  session: Session,
  plan: Plan,
  run: Run,
  rows: Rows,
  change: () => Promise<void>,
  ports: Ports,
): Promise<Capture | null> =>
  session.transaction(
    async () => {
      await findRows(session, plan, run, rows, ports)
      const found = await digestOfCaptured(session)
      const capture = found.rows === 0 ? null : await keepCaptured(session, run, rows.capture, found, ports)
      // The upload took its time.
      await requireMayChange(run, ports.objects)
      await change()
      return capture
    },
    { isolation: 'repeatable read' },
  )
