import type { IncidentId, Path, PlanName } from '#core/names.ts'
import type { Plan } from '#core/plan/load.ts'

/** What a message needs of a plan. */
export type Told = Pick<
  Plan,
  'name' | 'title' | 'contacts' | 'support' | 'messages' | 'webhooks' | 'impact' | 'updates'
>

/** What a message is about. */
export interface Occasion {
  readonly plan: Told
  readonly environment: string
  readonly incident: IncidentId | null
  /** `null` where no path was chosen, or where nobody can tell. */
  readonly path: Path | null
  readonly signal: string | null
  readonly drill: boolean
  /** ARN; `null` when there is none. */
  readonly execution: string | null
  /** Roles that are called by name; none means everyone who listens. */
  readonly roles?: readonly string[]
}

/** A plan that is not there, or cannot be read: people are told all the same, with nobody to name. */
export const unreadablePlan = (name: string): Told => ({
  name: name as PlanName,
  title: name,
  contacts: {},
  support: [],
  messages: {},
  webhooks: [],
  impact: { services: [] },
})

/** The page of an execution in the console; `null` for one that is not in AWS. */
export const consoleLink = (execution: string | null): string | null => {
  const [, partition, region, account] = /^arn:([^:]+):states:([^:]+):(\d{12}):execution:/.exec(execution ?? '') ?? []
  if (!partition || account === '000000000000') return null
  const host = partition === 'aws-cn' ? 'console.amazonaws.cn' : 'console.aws.amazon.com'
  return `https://${region}.${host}/states/home?region=${region}#/v2/executions/details/${execution}`
}
