import { RollbackError } from '#core/errors.ts'
import { CONTAINS } from '#core/plan/containment.ts'
import type { Concurrency } from '#core/ports-account.ts'

/** Lambda refuses a reservation that leaves less: https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html */
const LEFT_UNRESERVED = 100

/** What a deployment is about to reserve for containment, and what that leaves to everything else in the account. */
export interface Reservation {
  readonly wanted: number
  readonly limit: number
  readonly left: number
}

/**
 * Whether the account can keep `concurrency` for each function that contains: found before a deployment, which would fail by it half
 * way. What they have reserved already counts as theirs. Throws `Concurrency.TooLittle`.
 */
export const requireRoom = async (
  { environment, concurrency }: { readonly environment: string; readonly concurrency: number },
  account: Concurrency,
): Promise<Reservation> => {
  const { limit, unreserved } = await account.account()
  const reserved = await Promise.all(
    CONTAINS.map((entry) => account.reserved(`vector-rollback-${environment}-${entry}`)),
  )
  const free = unreserved + reserved.reduce((sum, one) => sum + one, 0)
  const wanted = CONTAINS.length * concurrency
  const left = free - wanted
  if (left >= LEFT_UNRESERVED) return { wanted, limit, left }
  const most = Math.floor((free - LEFT_UNRESERVED) / CONTAINS.length)
  throw new RollbackError(
    'Concurrency.TooLittle',
    `Containment in "${environment}" is to reserve ${wanted} of the account's concurrency of ${limit}, which would leave ${left} unreserved; Lambda keeps ${LEFT_UNRESERVED}.`,
    {
      fix: `${most >= 5 ? `Set containment.concurrency to ${most} at most, or ask` : 'Ask'} for more: aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value ${Math.max(1_000, limit + LEFT_UNRESERVED - left)}`,
      category: 'refused',
    },
  )
}
