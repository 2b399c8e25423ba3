import { z } from 'zod'
import { Approvers } from '#core/approval/approvers.ts'
import { RollbackError } from '#core/errors.ts'
import { AutonomyName } from '#core/plan/autonomy.ts'
import { printPath } from '#core/plan/problem.ts'
import { ServiceUrls } from '#core/plan/services.ts'
import { ENVIRONMENT } from '#core/plan/vocabulary.ts'

const databaseUrl = z.string().superRefine((text, context) => {
  const url = URL.parse(text)
  const wrong = !url || !/^postgres(ql)?:$/.test(url.protocol) || url.hostname === '' || url.username === ''
  if (wrong) context.addIssue({ code: 'custom', message: 'write it as postgresql://user@host:5432/database' })
  // The template shows it to everyone who may read the stack.
  else if (url.password !== '') context.addIssue({ code: 'custom', message: 'leave the password out: IAM signs in' })
})

const Database = z.strictObject({
  url: databaseUrl,
  /** `DbiResourceId` of an instance or `DbClusterResourceId` of a cluster: IAM names databases by them. */
  resourceId: z
    .string()
    .regex(/^(db|cluster)-[A-Z0-9]+$/, 'write the resource id, such as db-ABCDEFGH or cluster-ABCDEFGH'),
})
export type Database = z.output<typeof Database>

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

const Context = z.object({
  environments: z
    .record(EnvironmentName, Environment)
    .refine((environments) => Object.keys(environments).length > 0, 'name at least one environment'),
})

/** One place to deploy to. Without account and region the template fits any. */
export type Environment = z.output<typeof Environment> & { readonly name: string }

/** Reads `context.environments` of cdk.json. Throws `Context.Invalid` with every mistake and where it stands. */
export const readEnvironments = (environments: unknown): Environment[] => {
  const read = Context.safeParse({ environments })
  if (read.success) return Object.entries(read.data.environments).map(([name, rest]) => ({ name, ...rest }))
  const lines = read.error.issues.map(({ path, message }) => `context.${printPath(path)}: ${message}`)
  throw new RollbackError('Context.Invalid', `The context cannot be used:\n${lines.join('\n')}\n`, {
    fix: 'Correct cdk.json, or what --context sets.',
    category: 'usage',
  })
}
