import { type LedgerMoved, moveLedger, requireRevision } from '#core/ledger/ledger.ts'
import type { PlanName, Table } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import type { Retirement } from '#core/retire/record.ts'
import { findRetirements, markLedgerBack } from '#core/retire/records.ts'

/** A retirement, as far as its ledger is concerned. */
type OfLedger = Pick<Retirement, 'id' | 'ledger'>

/** The move that has to be taken back with the tables; `null` where there is none. */
const due = ({ ledger }: OfLedger): LedgerMoved | null =>
  ledger && ledger.before !== ledger.after && ledger.back === undefined ? ledger : null

/** What has to be locked against writers while the ledger goes back. */
export const ledgersOf = (retirement: OfLedger | null): Table[] => {
  const ledger = retirement && due(retirement)
  return ledger ? [ledger.table] : []
}

/**
 * Whether the ledger can go back with the tables, asked before anything is changed: it stands where the retirement left it, or
 * where it was before. Throws `Ledger.OtherRevision` when another migration has moved it since.
 */
export async function requireLedgerBack(session: Session, retirement: OfLedger): Promise<void> {
  const ledger = due(retirement)
  if (ledger) await requireRevision(session, ledger, [ledger.after, ledger.before])
}

/** In the transaction that brings the tables back. Throws `Ledger.OtherRevision`. */
export async function bringLedgerBack(session: Session, retirement: OfLedger): Promise<void> {
  const ledger = due(retirement)
  if (!ledger) return
  const now = await requireRevision(session, ledger, [ledger.after, ledger.before])
  await moveLedger(session, ledger, now, ledger.before)
  await markLedgerBack(session, retirement.id)
}

/**
 * The last retirement of a plan whose ledger is still to go back: a snapshot that comes into the place of its tables takes the
 * move back. `null` where there is none, as in another database. Throws `Ledger.OtherRevision`, unless the drift is accepted: then
 * the ledger stays as the other migration left it.
 */
export async function ledgerToBringBack(
  session: Session,
  plan: PlanName,
  drift: 'refused' | 'accepted',
): Promise<OfLedger | null> {
  const last = (await findRetirements(session, plan)).find((one) => one.ledger !== undefined)
  if (!last || last.undoneAt !== null) return null
  try {
    await requireLedgerBack(session, last)
  } catch (error) {
    if (drift === 'accepted' && error instanceof Error && error.name === 'Ledger.OtherRevision') return null
    throw error
  }
  return last
}
