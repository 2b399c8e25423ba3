import { z } from 'zod'
import { BeforeDeploy } from './before-deploy.ts'
import { Check } from './checks.ts'
import { Compatibility } from './compatibility.ts'
import { Decision } from './decisions.ts'
import { DELIVERIES, Deliver, requireDelivery } from './deliveries.ts'
import { Duration } from './duration.ts'
import { EchoText } from './echo.ts'
import { Escalation } from './escalation.ts'
import { IncidentReport } from './incident-report.ts'
import { Messages } from './messages.ts'
import { OwnEvidence } from './own-evidence.ts'
import { ParameterName } from './parameter-name.ts'
import { Paths } from './paths.ts'
import { pattern } from './pattern.ts'
import { Rota } from './rota.ts'
import { Service } from './services.ts'
import { Signal } from './signals.ts'
import { VERSION_RANGE } from './versions.ts'
import { DatabaseRole, Name, PeopleRoles, PlanNameText, Relation, SqlFile } from './vocabulary.ts'
import { Watch } from './watch.ts'
import { Webhook } from './webhooks.ts'

/** Changes are listed day by day; a week is what one look can take. */
const LONGEST_WINDOW = 7 * 86_400_000

const catalogueId = (form: RegExp, what: string, example: string) =>
  pattern(form, what, `Use an id of the catalogue, such as ${example}.`)

const DatabasePart = z
  .strictObject({
    sentinel: z
      .strictObject({
        sql: SqlFile.describe('SQL file with a single SELECT of one value.'),
        equals: z.string().min(1).describe('The value that proves that this is the right database.'),
      })
      .describe('Asked first on every connection, so that the wrong database is refused.'),
    extension: z
      .strictObject({
        name: z.string().min(1).describe('Name of the extension: vector.'),
        versions: pattern(VERSION_RANGE, 'a range of versions', 'Write comparators and spaces: ">=0.5.0 <1".').describe(
          'Versions that the plan is written for; another one is refused.',
        ),
      })
      .describe('The extension that the feature needs.'),
    role: DatabaseRole.optional().describe(
      'Role that the rollback connects as, for reading; the deployment sets it up.',
    ),
  })
  .describe('The database that this plan protects.')

export const Flag = z
  .strictObject({
    parameter: ParameterName.describe('SSM parameter of type String; {env} stands for the environment.'),
    ramp: ParameterName.optional().describe(
      'SSM parameter beside it with the percentage of subjects that have the feature while the flag is on.',
    ),
    contain: z
      .enum(['always', 'by-step'])
      .default('always')
      .describe('by-step: containment leaves this flag alone, and a set-flag step of a path sets it.'),
    safe: z.string().min(1).describe('The value that contains: a string, so "false" stands in quotes.'),
    on: z.string().min(1).describe('The value of normal service, set again by re-enabling.'),
    delivery: z
      .enum(DELIVERIES)
      .describe('How the application learns of a change: it polls, or containment starts what brings it.'),
    deliver: Deliver.optional(),
    within: Duration.describe('How soon the application obeys a change.'),
    echo: EchoText.optional().describe(
      'What the consumers of the flag see, as they say it themselves: proves that containment was delivered.',
    ),
  })
  .superRefine(requireDelivery)
export type Flag = z.output<typeof Flag>

/** An empty line is nobody: a plan that has one is not loaded, so that no environment runs it. */
const Filled = pattern(/\S/, 'anybody', 'Fill it in: somebody has to be reached.')

const Contact = z.strictObject({
  name: Filled.describe('Who: a person, or the rotation that says who.'),
  reach: z.array(Filled).min(1).describe('How to reach them, first way first: channel, address, number.'),
})

const named = <T extends z.ZodType>(entry: T) => z.record(Name, entry)

/** The schema of plan.yaml. Its input is what stands in the file; its output is what the program works with. */
export const PlanFile = z
  .strictObject({
    version: z.literal(1).describe('Version of this format.'),
    name: PlanNameText.describe('Name of the plan: the name of its folder.'),
    title: z.string().min(1).describe('What people call the system.'),
    description: z.string().min(1).describe('What is protected, and what the paths mean for its users.'),
    covers: z
      .array(catalogueId(/^[A-Z]{3}-\d{2}$/, 'an id of a requirement', 'PGV-17'))
      .default([])
      .describe('Requirements of the catalogue that this plan fulfils.'),
    applies: z
      .array(catalogueId(/^(DEF|CON)-\d{2}$/, 'an id of a correction or a conflict rule', 'DEF-11 or CON-01'))
      .default([])
      .describe('Corrections (DEF) and conflict rules (CON) of the catalogue that this plan follows.'),
    database: DatabasePart,
    flags: z
      .record(pattern(/^[A-Za-z_][A-Za-z0-9_.-]*$/, 'the name of a flag', 'Use letters, digits and "_.-".'), Flag)
      .refine(
        (flags) => Object.values(flags).some(({ contain }) => contain === 'always'),
        'There is no flag to contain with.',
      )
      .describe('Feature flags that contain.'),
    protects: z
      .strictObject({
        tables: z
          .array(Relation)
          .min(1)
          .describe('Tables of the feature. Whatever a purge destroys must be among them.'),
        extension: z.string().min(1).describe('The extension that they need.'),
      })
      .describe('The objects in the care of this plan.'),
    services: named(Service).default({}).describe('Parts of the application that answer HTTP, for checks and echoes.'),
    signals: named(Signal).describe('What may go wrong, and how it is measured.'),
    decide: z
      .array(Decision)
      .describe('What to do about each signal: the most severe signal wins, and of its rows the first that holds.'),
    change: z
      .strictObject({
        window: Duration.describe('How long before a signal a change counts as its possible cause. At most 7d.'),
      })
      .refine(({ window }) => window > 0 && window <= LONGEST_WINDOW, {
        message: 'This window is not between nothing and a week.',
        params: { fix: 'Write a window such as 2h, 7d at most.' },
      })
      .optional()
      .describe(
        'Only a change explains a rollback: with no deployment, flag or migration in the window, containment runs and the rest is asked about. Left out, changes are not asked for.',
      ),
    'before-deploy': BeforeDeploy.optional(),
    drill: z
      .strictObject({
        within: Duration.prefault('90d').describe('How old the last passed drill of a path may be.'),
        rota: Rota,
      })
      .prefault({})
      .describe('What an environment needs that lets alarms act: a drill of the path, passed not too long ago.'),
    paths: Paths,
    compatibility: Compatibility.optional(),
    checks: named(Check).describe('What proves that a path did its work.'),
    evidence: named(OwnEvidence)
      .default({})
      .describe('What is kept of the database before anything changes, beside what is kept of every one.'),
    watch: Watch.optional(),
    cooldown: Duration.prefault('30m').describe(
      'How long after a run an alarm starts none of the same or a less severe path; containment goes on. 0s: not at all.',
    ),
    'runs-per-day': z
      .int()
      .min(1)
      .max(1000)
      .default(3)
      .describe(
        'How many runs that change more than flags alarms may start in 24 hours. One more opens the breaker: alarms only contain then, until a person closes it.',
      ),
    budgets: z
      .strictObject({
        lock: Duration.prefault('100ms').describe('The longest that a statement may make another session wait.'),
      })
      .prefault({})
      .describe('Limits of what the rollback may cost the application.'),
    contacts: named(Contact)
      .refine((contacts) => Object.keys(contacts).length > 0, {
        message: 'There is nobody to ask.',
        params: { fix: 'Name at least one role with its people.' },
      })
      .describe('People by role. The first is asked where nobody else is named.'),
    support: z
      .array(
        z.strictObject({
          name: z.string().min(1).describe('Name of the vendor.'),
          address: z.string().min(1).describe('Where their support is reached.'),
        }),
      )
      .default([])
      .describe("Vendors' support addresses."),
    escalation: Escalation,
    updates: Duration.optional().describe(
      'How often people and users are told how it stands while an incident is open.',
    ),
    impact: z
      .strictObject({
        users: z.string().min(1).optional().describe('What users notice while the flags are safe.'),
        services: z.array(z.string().min(1)).default([]).describe('Services and features concerned.'),
        workaround: z.string().min(1).optional().describe('What users can do meanwhile.'),
        affected: Name.optional().describe(
          'The piece of evidence whose rows are those who are concerned, such as tenants.',
        ),
      })
      .prefault({})
      .describe('What a rollback means to others, for the messages.'),
    messages: Messages.default({}),
    report: IncidentReport.prefault({}),
    webhooks: z.array(Webhook).default([]).describe('Addresses that are called with signed messages.'),
    snapshot: z
      .strictObject({
        'part-bytes': z
          .int()
          .min(65_536)
          .default(64 * 1024 * 1024)
          .describe('Size of one part of a snapshot, in bytes.'),
        concurrency: z.int().min(1).max(16).default(2).describe('Parts copied at the same time.'),
      })
      .prefault({})
      .transform(({ 'part-bytes': partBytes, concurrency }) => ({ partBytes, concurrency }))
      .describe('How snapshots are taken.'),
    approval: z
      .strictObject({
        within: Duration.prefault('1h').describe('How long a question stays open, where a path does not say.'),
        ask: PeopleRoles.min(1)
          .optional()
          .describe(
            'Who is asked where the environment lets an alarm do no more and its row names nobody: one person of each role. The first of contacts when it is not given.',
          ),
      })
      .prefault({})
      .describe('Approvals.'),
  })
  .meta({ title: 'Plan of vector-rollback', description: 'A rollback runbook that can be run.' })
export type PlanFile = z.output<typeof PlanFile>
