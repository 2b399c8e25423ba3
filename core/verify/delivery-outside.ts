import { isRollbackError, messageOf } from '#core/errors.ts'
import type { Run } from '#core/incident/run.ts'
import { containingFlags } from '#core/plan/containing.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Clock, Row, Services } from '#core/ports.ts'
import { type Containment, judgeEcho, resultsOf, untilFollowed } from '#core/verify/delivery.ts'
import type { Verdict } from '#core/verify/run-check.ts'
import { type Place, serviceCall } from '#core/verify/service-request.ts'
import type { CheckResult } from '#core/verify/verification.ts'

interface OutsideDeliveryPorts extends Place {
  readonly services: Services
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Milliseconds that may be spent. */
  readonly remaining: () => number
}

/** For one answer. Milliseconds. */
const ANSWER_MS = 5_000

/** What the next look may bring nevertheless: the service is there. */
const TRANSIENT: ReadonlySet<string> = new Set(['Service.Slow', 'Service.Lost'])

const isRow = (value: unknown): value is Row => typeof value === 'object' && value !== null && !Array.isArray(value)

const rowsOf = (body: string): Row[] | null => {
  try {
    const list: unknown = JSON.parse(body)
    return Array.isArray(list) && list.every(isRow) ? list : null
  } catch {
    return null
  }
}

const look = async (
  run: Run,
  plan: Plan,
  name: string,
  contained: Containment,
  ports: OutsideDeliveryPorts,
): Promise<Verdict & { final?: boolean }> => {
  const flag = plan.flags[name]
  if (flag?.echo?.kind !== 'http') return { status: 'unknown', detail: 'no service says it' }
  const { service, path } = flag.echo
  try {
    const request = { method: 'GET', path, headers: {}, json: undefined } as const
    const options = { place: ports, incident: run.incident, values: {}, timeout: ANSWER_MS }
    const { status, body } = await ports.services.call(serviceCall(plan, service, request, options), ports.signal)
    if (status !== 200) return { status: 'unknown', detail: `${service} answered with status ${status}` }
    const rows = rowsOf(body)
    if (rows === null) return { status: 'unknown', detail: `${service} answered with no JSON list of consumers` }
    return judgeEcho(rows, flag.safe, contained.versions.get(name))
  } catch (error) {
    // As a database that is down: nobody waits for it before the rollback goes on.
    return { status: 'unknown', detail: messageOf(error), final: isRollbackError(error) && !TRANSIENT.has(error.name) }
  }
}

/**
 * Whether the consumers obey the flags whose echo is a service's, as they say it themselves: asked until all have followed, each at
 * most until its flag's time is over. Never throws.
 */
export const proveDeliveryOutside = async (
  run: Run,
  plan: Plan,
  contained: Containment,
  ports: OutsideDeliveryPorts,
): Promise<CheckResult[]> => {
  const flags = containingFlags(plan).filter(([, { echo }]) => echo?.kind === 'http')
  const names = flags.map(([name]) => name)
  const verdicts = await untilFollowed(plan, names, contained, ports, (name) => look(run, plan, name, contained, ports))
  return resultsOf(flags, verdicts)
}
