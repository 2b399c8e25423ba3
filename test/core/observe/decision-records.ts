import { PLAN } from '#test/support/paths.ts'

interface Made {
  readonly alarm: string
  /** ISO 8601: when the alarm went off. */
  readonly at: string
  readonly action?: string
  readonly signal?: string
  readonly severity?: string
  readonly row?: number | null
  readonly path?: string | null
  /** Milliseconds. */
  readonly decidedAfter?: number
  readonly environment?: string
  readonly state?: string
}

let records = 0

/** A record as deciding keeps it, with its key in the bucket. */
export const decisionRecord = (made: Made) => {
  const { alarm, at, action = 'observed', environment = 'test', state = 'ALARM', decidedAfter = 2_000 } = made
  const { signal = 'connection-failures', severity = 'critical', row = 12, path = 'flag' } = made
  return {
    key: `decisions/${PLAN}/${at}-${String(++records).padStart(16, '0')}.json`,
    record: {
      version: 1,
      plan: PLAN,
      environment,
      event: { alarm, state, at, reason: 'Threshold crossed.' },
      decidedAt: new Date(Date.parse(at) + decidedAfter).toISOString(),
      ...{ signal, severity, row, path },
      autonomy: { environment: 'observe', effective: 'observe', would: 'act', why: ['The environment observes.'] },
      change: { recent: 'off', last: null },
      drill: { passed: 'yes', at: null },
      course: ['VECTOR_SEARCH_ENABLED would be set to "false".'],
      done: { action, detail: '', contained: null, execution: null, telling: null, told: null },
    },
  }
}
