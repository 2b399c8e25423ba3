import { z } from 'zod'
import { Approvers } from '#core/approval/approvers.ts'
import { RollbackError } from '#core/errors.ts'
import { AutonomyName } from '#core/plan/autonomy.ts'
import { Containment } from '#core/plan/containment.ts'
import { printPath } from '#core/plan/problem.ts'
import { ServiceUrls } from '#core/plan/services.ts'
import { ENVIRONMENT } from '#core/plan/vocabulary.ts'
import { Database } from '#infra/database.ts'

/** A function has 4 KiB for all of its settings. */
const MOST_APPROVERS = 3_000
const MOST_SERVICES = 3_000

/** Loopback is a developer's machine, and the machine of a function is none. */
const Services = ServiceUrls.superRefine((plans, context) => {
  for (const [plan, services] of Object.entries(plans))
    for (const [service, url] of Object.entries(services))
      if (!url.startsWith('https://'))
        context.addIssue({ code: 'custom', path: [plan, service], message: 'an environment is called by https' })
  if (JSON.stringify(plans).length > MOST_SERVICES)
    context.addIssue({
      code: 'custom',
      message: `this does not fit into the settings of a function (${MOST_SERVICES} characters): write {env} into the addresses of the plans`,
    })
})

const days = (least: number) => z.int().min(least, `${least} days at least`).max(3650)

/** Days. What is not named here is kept for ever: manifests, decisions, records of incidents. */
const Retention = z.strictObject({
  /** Evidence and captured rows, which may hold personal data. */
  evidence: days(1).default(400),
  /** Of the snapshots of a plan, from the day that they were taken. A plan that is not named keeps all of them. */
  snapshots: z.record(z.string(), days(30)).default({}),
  /** Of objects that were overwritten or deleted: so long everything can be brought back. */
  replaced: days(30).default(90),
  logs: z
    .literal([30, 90, 180, 365, 400, 731, 1827, 3653], 'write one of 30, 90, 180, 365, 400, 731, 1827, 3653')
    .default(365),
})

const Environment = z
  .strictObject({
    account: z
      .string()
      .regex(/^\d{12}$/, 'an account has 12 digits, in quotes')
      .optional(),
    region: z
      .string()
      .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'write a region such as eu-central-1')
      .optional(),
    /** How far an alarm may go by itself. A new environment observes: it earns more by what it would have done. */
    autonomy: AutonomyName.default('observe'),
    /** Its data may go: only here a plan can purge without approval. */
    disposable: z.boolean().default(false),
    /** Without one the functions can contain and report, and nothing else. */
    database: Database.optional(),
    containment: Containment,
    retention: Retention.prefault({}),
    /** Recorded baselines that signals name, as numbers: by plan, then by signal. Alarms of CloudWatch read no bucket. */
    baselines: z.record(z.string(), z.record(z.string(), z.number().positive())).default({}),
    /** How old the newest snapshot of a plan may be, in days; nobody is told where it is not said. */
    snapshotWithinDays: z.int().min(1).max(365).optional(),
    /** Who hears of incidents and of the product itself. Each has to confirm the subscription. */
    contacts: z
      .strictObject({ email: z.array(z.email('write an address such as on-call@example.com')).max(20).default([]) })
      .prefault({}),
    /** Where services of plans answer, by plan and service, if not where the plans say. */
    services: Services.optional(),
    /** Who answers in which role of the plans; nobody, where it is not said. */
    approvers: Approvers.refine(
      (approvers) => JSON.stringify(approvers).length <= MOST_APPROVERS,
      `this does not fit into the settings of a function (${MOST_APPROVERS} characters): let * stand for the users of a permission set`,
    ).optional(),
  })
  .refine(
    ({ account, region }) => (account === undefined) === (region === undefined),
    'give account and region, or neither',
  )

/** Names of functions have at most 64 characters: `vector-rollback-<environment>-preserve-evidence`. */
const EnvironmentName = z
  .string()
  .max(24)
  .regex(ENVIRONMENT, 'use lower-case letters, digits and dashes, such as "prod"')
  // `vector-rollback-health-…` are alarms on the product itself, which start no rollback.
  .regex(/^(?!health(-|$))/, 'take another name: "health" is in the names of alarms on the product itself')

const Context = z.object({
  environments: z
    .record(EnvironmentName, Environment)
    .refine((environments) => Object.keys(environments).length > 0, 'name at least one environment'),
})

/** One place to deploy to. Without account and region the template fits any. */
export type Environment = z.output<typeof Environment> & { readonly name: string }

const invalid = (lines: readonly string[]): RollbackError =>
  new RollbackError('Context.Invalid', `The context cannot be used:\n${lines.join('\n')}\n`, {
    fix: 'Correct cdk.json, or what --context sets.',
    category: 'usage',
  })

/** Reads `context.environments` of cdk.json. Throws `Context.Invalid` with every mistake and where it stands. */
export const readEnvironments = (environments: unknown): Environment[] => {
  const read = Context.safeParse({ environments })
  if (read.success) return Object.entries(read.data.environments).map(([name, rest]) => ({ name, ...rest }))
  const lines = read.error.issues.map((issue) => {
    // What is wrong with a key stands one level below.
    const [inner] = issue.code === 'invalid_key' ? issue.issues : []
    return `context.${printPath(issue.path)}: ${inner?.message ?? issue.message}`
  })
  throw invalid(lines)
}

/** What is said of single plans is said of plans that there are. Throws `Context.Invalid`. */
export const requireKnownPlans = (environments: readonly Environment[], plans: readonly { name: string }[]): void => {
  const known = plans.map(({ name }) => name)
  const lines = environments.flatMap(({ name, retention, baselines }) =>
    Object.entries({ 'retention.snapshots': retention.snapshots, baselines }).flatMap(([key, of]) =>
      Object.keys(of)
        .filter((plan) => !known.includes(plan))
        .map(
          (plan) => `context.environments.${name}.${key}.${plan}: there is no plan of that name (${known.join(', ')})`,
        ),
    ),
  )
  if (lines.length > 0) throw invalid(lines)
}
