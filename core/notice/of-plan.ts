import { RollbackError } from '#core/errors.ts'
import { announce } from '#core/notice/announce.ts'
import type { Told } from '#core/notice/occasion.ts'
import type { MessageEvent } from '#core/plan/messages.ts'
import type { Values } from '#core/plan/placeholders.ts'
import type { Clock, Notifier } from '#core/ports.ts'
import type { Delivery } from './announce.ts'

interface PlanTellPorts {
  readonly notifier: Notifier
  readonly clock: Clock
  readonly environment: string
}

/** Throws `Notification.NotDelivered` when it did not reach people, whatever became of chat and webhooks. */
export const requireTold = (deliveries: readonly Delivery[] | undefined): void => {
  const failed = deliveries?.find(({ channel, delivered }) => channel === 'people' && !delivered)
  if (!failed) return
  throw new RollbackError('Notification.NotDelivered', failed.detail, {
    fix: 'It is tried again by itself; see why people cannot be reached.',
    category: 'unreachable',
  })
}

/**
 * Tells of what concerns a plan and belongs to no run. `id` is the same for every repetition. Throws
 * `Notification.NotDelivered`: to tell people is all that it is for.
 */
export const tellOfPlan = async (
  plan: Told,
  event: MessageEvent,
  values: Values,
  { id, signal = null }: { id: string; signal?: string | null },
  ports: PlanTellPorts,
): Promise<void> => {
  const { environment } = ports
  const occasion = { plan, environment, incident: null, path: null, signal, drill: false, execution: null }
  requireTold((await announce(occasion, event, values, { id }, ports))?.deliveries)
}
