import { z } from 'zod'
import type { Run } from '#core/incident/run.ts'
import { reading } from '#core/incident/session.ts'
import type { PlanCheck } from '#core/plan/checks.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Moment } from '#core/plan/vocabulary.ts'
import type { Clock, Database, Objects } from '#core/ports.ts'
import { runBaselineInside } from '#core/verify/baseline-check.ts'
import { type Asking, isOutside, type Outside, readOutside } from '#core/verify/outside.ts'
import { runSqlCheck, type Verdict } from '#core/verify/run-check.ts'

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
  readonly objects: Objects
  readonly clock: Clock
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

const NOT_ASKED: Verdict = { status: 'unknown', detail: 'It was not asked.' }

/**
 * Joins what was seen outside the database with the checks that are asked in it, to one verification. SQL checks share one
 * session; one that cannot be opened makes them all unknown, and what nobody asked outside is unknown, too.
 */
export const verifyChecks = async (
  run: Run,
  plan: Plan,
  names: readonly string[],
  outside: Pick<Outside, 'checks'> | null,
  ports: VerifyPorts,
): Promise<Verification> => {
  const chosen = names.flatMap((name): [string, PlanCheck][] => {
    const check = plan.checks[name]
    return check ? [[name, check]] : []
  })
  const missing = names
    .filter((name) => !plan.checks[name])
    .map((name) => ({ name, describe: '-', status: 'unknown' as const, detail: 'The plan has no check of this name.' }))
  const inside = chosen.filter(([, check]) => !isOutside(plan, check))
  const verdicts = new Map<string, Verdict>(Object.entries(outside?.checks ?? {}))
  for (const [name] of inside) verdicts.delete(name)
  try {
    if (inside.length > 0)
      await reading(run, plan, 'verify', ports, async (session) => {
        for (const [name, check] of inside)
          if (check.kind === 'sql') verdicts.set(name, await runSqlCheck(session, plan, check))
          else if (check.kind === 'baseline')
            verdicts.set(name, await runBaselineInside(session, plan, check, ports.objects))
      })
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    for (const [name] of inside) if (!verdicts.has(name)) verdicts.set(name, { status: 'unknown', detail })
  }
  return summarise([
    ...chosen.map(([name, { describe }]) => ({ name, describe, ...(verdicts.get(name) ?? NOT_ASKED) })),
    ...missing,
  ])
}

/** A verification with what the state before it has seen outside the database. */
export const verifyWithOutside = async (
  run: Run,
  plan: Plan,
  asking: Asking,
  names: readonly string[],
  ports: VerifyPorts,
): Promise<Verification> => verifyChecks(run, plan, names, await readOutside(run, asking, ports), ports)

/** The names of the checks that follow a path, with those of the scenario that was chosen, or the re-enabling. */
export const checksAfter = (plan: Pick<Plan, 'checks'>, moment: Moment, scenario?: string): string[] => {
  const moments = scenario === undefined ? [moment] : [moment, `${moment}/${scenario}`]
  return Object.entries(plan.checks).flatMap(([name, { after }]) =>
    after.some((one) => moments.includes(one)) ? [name] : [],
  )
}
