import type { PlanCheck } from './checks.ts'
import type { Broken } from './references.ts'
import type { PlanFile } from './schema.ts'
import { unknown } from './unknown-name.ts'

const brokenBaseline = (plan: PlanFile, check: PlanCheck & { kind: 'baseline' }, path: PropertyKey[]): Broken[] => {
  const { subject } = check
  if (subject.kind === 'signal') {
    const measured = Object.entries(plan.signals).flatMap(([name, { source, rate }]) =>
      (source.kind === 'probe' || source.kind === 'metric') && rate === undefined ? [name] : [],
    )
    return unknown('a signal with a probe or a metric', subject.signal, measured, [...path, 'signal'])
  }
  const timed = Object.entries(plan.checks).flatMap(([name, { kind, after }]) =>
    (kind === 'sql' || kind === 'http') && after.includes('re-enable') ? [name] : [],
  )
  return unknown('a check of SQL or HTTP, after re-enable,', subject.check, timed, [...path, 'check'])
}

/** What the checks and echoes of a plan name outside the database: services, and what a baseline is of. */
export const brokenChecks = (plan: PlanFile): Broken[] => {
  const services = Object.keys(plan.services)
  const echoes = Object.entries(plan.flags).flatMap(([name, { echo }]) =>
    echo?.kind === 'http'
      ? unknown('a service', echo.service, services, ['flags', name, 'echo', 'http', 'service'])
      : [],
  )
  const checks = Object.entries(plan.checks).flatMap(([name, check]): Broken[] => {
    if (check.kind === 'http') return unknown('a service', check.service, services, ['checks', name, 'http', 'service'])
    return check.kind === 'baseline' ? brokenBaseline(plan, check, ['checks', name, 'baseline']) : []
  })
  return [...echoes, ...checks]
}
