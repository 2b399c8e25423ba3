import type { ServiceName } from './service.ts'

export type FaultyService = 's3' | ServiceName

/**
 * What goes wrong.
 * - `status`: the service answers with an error of that status; `code` is its name where the status alone does not say it
 * - `delay`: milliseconds before the call is carried out
 * - `truncate`: bytes of the answer's body after which the connection is closed
 * - `loseAnswer`: the call is carried out, and the connection reset instead of an answer
 * - `blackHole`: nothing is carried out and nothing is ever answered, on a connection that stays open
 * - `reset`: nothing is carried out, and the connection is reset
 */
export type Fault =
  | { readonly status: number; readonly code?: string }
  | { readonly delay: number }
  | { readonly truncate: number }
  | { readonly loseAnswer: true }
  | { readonly blackHole: true }
  | { readonly reset: true }

export interface FaultRule {
  readonly service: FaultyService
  /** As AWS names it: `PutObject`, `PutParameter`. All of them when absent. */
  readonly operation?: string
  /** Key of the object, name of the parameter, ARN or name of the topic or execution, name of the alarm; a RegExp is searched for. */
  readonly key?: string | RegExp
  /** How many calls it befalls; all of them when absent. */
  readonly times?: number
  readonly fault: Fault
}

export interface Faults {
  /** Gives its remover. Of several rules that fit, the one added first counts. */
  add(rule: FaultRule): () => void
  /** Every call of the service has its connection reset, until `up`. */
  down(service: FaultyService): void
  up(service: FaultyService): void
}

export class FaultRules implements Faults {
  readonly #down = new Set<FaultyService>()
  #rules: { readonly rule: FaultRule; left: number }[] = []

  add(rule: FaultRule): () => void {
    const entry = { rule, left: rule.times ?? Number.POSITIVE_INFINITY }
    this.#rules.push(entry)
    return () => {
      this.#rules = this.#rules.filter((other) => other !== entry)
    }
  }

  down(service: FaultyService): void {
    this.#down.add(service)
  }

  up(service: FaultyService): void {
    this.#down.delete(service)
  }

  /** What befalls this call; it is counted. */
  take(service: FaultyService, operation: string | null, key: string | null): Fault | null {
    if (this.#down.has(service)) return { reset: true }
    const found = this.#rules.find(({ rule, left }) => left > 0 && fits(rule, service, operation, key))
    if (found === undefined) return null
    found.left -= 1
    return found.rule.fault
  }
}

const fits = (rule: FaultRule, service: FaultyService, operation: string | null, key: string | null): boolean =>
  rule.service === service &&
  (rule.operation === undefined || rule.operation === operation) &&
  (rule.key === undefined ||
    (key !== null && (typeof rule.key === 'string' ? rule.key === key : key.search(rule.key) >= 0)))
