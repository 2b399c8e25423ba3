import type { AlarmState } from '#core/decide/alarm.ts'
import { courseOf } from '#core/decide/course.ts'
import type { Concerned } from '#core/decide/decide.ts'
import type { DecisionRecord } from '#core/decide/record.ts'
import type { Weighed } from '#core/decide/weigh.ts'
import type { Ports } from '#core/steps/define-step.ts'

type Done = DecisionRecord['done']

const ANSWERS = { recent: 'yes', none: 'no', unknown: 'unknown', off: 'off' } as const

/** How a reason stands in the records; CloudWatch's can be long. */
const REASON = 1_000

const drillOf = ({ drilled }: Weighed): DecisionRecord['drill'] => {
  if (drilled === 'unknown') return { passed: 'unknown', at: null }
  return drilled === null ? { passed: 'no', at: null } : { passed: 'yes', at: drilled.createdAt }
}

/** What is kept of a decision; `weighed` is `null` for an alarm that is not in ALARM. */
export const recordOf = (
  { plan, occasions }: Concerned,
  alarm: AlarmState,
  weighed: Weighed | null,
  { clock, environment, autonomy }: Pick<Ports, 'clock' | 'environment' | 'autonomy'>,
  done: Partial<Done> & Pick<Done, 'action' | 'detail'>,
): DecisionRecord => {
  const [worst] = occasions
  if (!worst) throw new TypeError(`alarm "${alarm.name}" concerns plan "${plan.name}" by a signal`)
  const ladder = weighed?.ladder
  return {
    version: 1,
    plan: plan.name,
    environment,
    event: { alarm: alarm.name, state: alarm.state, at: alarm.at, reason: alarm.reason.slice(0, REASON) },
    decidedAt: clock.now().toISOString(),
    signal: weighed?.signal ?? worst.signal,
    severity: weighed?.severity ?? worst.severity,
    row: weighed?.row ?? null,
    path: weighed?.decision.path ?? null,
    autonomy: ladder
      ? { environment: autonomy, effective: ladder.autonomy, would: ladder.would, why: [...ladder.why] }
      : null,
    change: weighed
      ? { recent: ANSWERS[weighed.change.recent], last: weighed.change.last }
      : { recent: 'off', last: null },
    drill: weighed ? drillOf(weighed) : { passed: 'off', at: null },
    course: weighed ? courseOf(plan, weighed.decision, weighed.ladder.would, environment) : [],
    done: { contained: null, execution: null, telling: null, told: null, ...done },
  }
}
