import type { Measurement } from '#core/baseline/document.ts'
import { spreadOf } from '#core/baseline/spread.ts'
import { messageOf } from '#core/errors.ts'
import type { IncidentId } from '#core/names.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Services } from '#core/ports.ts'
import { httpTiming } from '#core/verify/baseline-check.ts'
import { judgeAnswer } from '#core/verify/http-answer.ts'
import { type Place, serviceCall } from '#core/verify/service-request.ts'

interface ServicePorts extends Place {
  readonly services: Services
  readonly signal: AbortSignal
}

/** What stands in place of an incident in the requests: there is none. */
const NO_INCIDENT = 'baseline' as IncidentId

/**
 * The time of each HTTP check of normal service, those after re-enabling, in milliseconds. The first request warms caches, and is not
 * counted. What creates test data is `unmeasured`, as is what does not pass. Throws nothing.
 */
export const measureServices = async (
  plan: Plan,
  runs: number,
  ports: ServicePorts,
): Promise<Pick<Measurement, 'timings' | 'unmeasured'>> => {
  const measured: Pick<Measurement, 'timings' | 'unmeasured'> = { timings: {}, unmeasured: {} }
  for (const [name, check] of Object.entries(plan.checks)) {
    if (check.kind !== 'http' || !check.after.includes('re-enable')) continue
    const key = httpTiming(name)
    if (check.cleanup !== null) {
      measured.unmeasured[key] = 'it creates test data'
      continue
    }
    try {
      const values = { tag: NO_INCIDENT }
      const options = { place: ports, incident: NO_INCIDENT, values, timeout: check.expect.within }
      const times: number[] = []
      for (let i = 0; i < runs; i++) {
        const answer = await ports.services.call(serviceCall(plan, check.service, check, options), ports.signal)
        const { status, detail } = judgeAnswer(check.expect, answer)
        if (status !== 'pass') throw new Error(detail)
        if (i > 0) times.push(answer.milliseconds)
      }
      const took = spreadOf(times)
      if (took) measured.timings[key] = took
    } catch (error) {
      measured.unmeasured[key] = messageOf(error)
    }
  }
  return measured
}
