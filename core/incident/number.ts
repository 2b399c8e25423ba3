import type { Incident } from '#core/incident/incident.ts'
import type { Plan } from '#core/plan/load.ts'

/** `DB-ROLLBACK-20261121-182334`: the prefix of the plan, and when the run started in UTC; `null` where the plan has no prefix. */
export const numberOf = (plan: Pick<Plan, 'report'>, { startedAt }: Pick<Incident, 'startedAt'>): string | null => {
  const { number } = plan.report
  const [day, time] = new Date(startedAt).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').split('T')
  return number === null ? null : `${number}-${day}-${time}`
}
