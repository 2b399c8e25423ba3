import { z } from 'zod'
import type { Run } from '#core/incident/run.ts'
import { reading } from '#core/incident/session.ts'
import type { PlanCheck } from '#core/plan/checks.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Moment } from '#core/plan/vocabulary.ts'
import type { Database, Flags } from '#core/ports.ts'
import { runFlagCheck, runSqlCheck, type Verdict } from '#core/verify/run-check.ts'

export const CheckResult = z.strictObject({
  name: z.string(),
  describe: z.string(),
  status: z.enum(['pass', 'fail', 'unknown']),
  detail: z.string(),
})
export type CheckResult = z.infer<typeof CheckResult>

/** Begins the names of the checks that say who obeys a flag. */
export const DELIVERY_OF = 'delivery of '
export const isDelivery = ({ name }: Pick<CheckResult, 'name'>): boolean => name.startsWith(DELIVERY_OF)

export interface Verification {
  readonly status: Verdict['status']
  /** One line: which checks did not pass, and what they saw. */
  readonly detail: string
  readonly checks: readonly CheckResult[]
}

interface VerifyPorts {
  readonly database: Database
  readonly flags: Flags
  readonly environment: string
  readonly signal: AbortSignal
}

const summarise = (checks: readonly CheckResult[]): Verification => {
  const failed = checks.filter(({ status }) => status === 'fail')
  const unknown = checks.filter(({ status }) => status === 'unknown')
  const status = failed.length > 0 ? 'fail' : unknown.length > 0 || checks.length === 0 ? 'unknown' : 'pass'
  const bad = [...failed, ...unknown].map((check) => `${check.name} (${check.status}): ${check.detail}`)
  const detail =
    checks.length === 0
      ? 'The plan has no check for this path, so nothing is known.'
      : status === 'pass'
        ? `${checks.length} of ${checks.length} checks pass`
        : bad.join('; ')
  return { status, detail, checks }
}

/** Runs checks of the plan by name. SQL checks share one session; one that cannot be opened makes them all unknown. */
export const verifyChecks = async (
  run: Run,
  plan: Plan,
  names: readonly string[],
  ports: VerifyPorts,
): Promise<Verification> => {
  const chosen = names.flatMap((name): [string, PlanCheck][] => {
    const check = plan.checks[name]
    return check ? [[name, check]] : []
  })
  const missing = names
    .filter((name) => !plan.checks[name])
    .map((name) => ({ name, describe: '-', status: 'unknown' as const, detail: 'The plan has no check of this name.' }))
  const verdicts = new Map<string, Verdict>()
  for (const [name, check] of chosen)
    if (check.kind === 'flag') verdicts.set(name, await runFlagCheck(ports.flags, plan, check, ports.environment))
  try {
    if (chosen.some(([, check]) => check.kind === 'sql'))
      await reading(run, plan, 'verify', ports, async (session) => {
        for (const [name, check] of chosen)
          if (check.kind === 'sql') verdicts.set(name, await runSqlCheck(session, plan, check))
      })
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    for (const [name] of chosen) if (!verdicts.has(name)) verdicts.set(name, { status: 'unknown', detail })
  }
  return summarise([
    ...chosen.map(([name, { describe }]) => ({
      name,
      describe,
      ...(verdicts.get(name) ?? { status: 'unknown' as const, detail: 'It was not asked.' }),
    })),
    ...missing,
  ])
}

/** The names of the checks that follow a path, with those of the scenario that was chosen, or the re-enabling. */
export const checksAfter = (plan: Plan, moment: Moment, scenario?: string): string[] => {
  const moments = scenario === undefined ? [moment] : [moment, `${moment}/${scenario}`]
  return Object.entries(plan.checks).flatMap(([name, { after }]) =>
    after.some((one) => moments.includes(one)) ? [name] : [],
  )
}
