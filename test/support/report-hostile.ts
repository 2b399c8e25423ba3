import { RunReport } from '#core/report/model.ts'
import { purgeApprovals, stuckReport } from '#test/support/report-endings.ts'

const HOSTILE =
  '"><script>alert(1)</script><img src=x onerror=alert(2)>|`rm -rf`\n# [x](javascript:alert(3)) \u202e*_~&lt;'

const poisoned = (value: unknown, key = ''): unknown => {
  if (Array.isArray(value)) return value.map((member) => poisoned(member, key))
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, poisoned(member, name)]))
  const free = typeof value === 'string' && !/^[0-9a-f]{64}$|^\d{4}-\d\d-\d\dT.*Z$/.test(value)
  return free && !['outcome', 'path', 'kind', 'status', 'decision'].includes(key) ? `${value} ${HOSTILE}` : value
}

/** Every text that is not of a closed set ends in mark-up, a pipe, a line break and a direction override. */
export const hostileReport = (): RunReport =>
  RunReport.parse({
    ...(poisoned({ ...stuckReport(), approvals: purgeApprovals() }) as RunReport),
    states: stuckReport().states.map((state) => ({ ...state, error: state.error && `${state.error} ${HOSTILE}` })),
  })
