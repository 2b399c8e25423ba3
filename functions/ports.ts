import { setTimeout as sleep } from 'node:timers/promises'
import { LIMITS } from '#aws/clients.ts'
import { sfnExecutions } from '#aws/executions.ts'
import { ssmFlagHistory } from '#aws/flag-history.ts'
import { ssmFlags } from '#aws/flags.ts'
import { loggedMetrics } from '#aws/metrics.ts'
import { notifier } from '#aws/notifier.ts'
import { s3Objects } from '#aws/objects.ts'
import { postgres } from '#aws/postgres.ts'
import { ssmSecrets } from '#aws/secrets.ts'
import { kmsSigner } from '#aws/signer.ts'
import { Approvers } from '#core/approval/approvers.ts'
import { RollbackError } from '#core/errors.ts'
import { isEvidenceKey } from '#core/incident/keys.ts'
import { AUTONOMIES, type Autonomy } from '#core/plan/autonomy.ts'
import type { Alarms, Clock, Database, MetricHistory } from '#core/ports.ts'
import type { Ports } from '#core/steps/define-step.ts'
import { planFolder } from '#functions/plans.ts'
import machine from '../statemachines/rollback.asl.json' with { type: 'json' }

/** Reads a setting of the function at the moment it is needed, so that a function without it can still do the rest. */
const setting = (name: string): string => {
  const value = process.env[name]
  if (value) return value
  throw new RollbackError('Setting.Missing', `The environment variable "${name}" is not set.`, {
    fix: 'The deployment sets it; locally the command line does.',
    category: 'usage',
  })
}

/** Without the variable an environment observes: nothing may change because somebody forgot a setting. */
const autonomy = (): Autonomy => {
  const text = process.env.AUTONOMY || 'observe'
  const known = AUTONOMIES.find((rung) => rung === text)
  if (known) return known
  throw new RollbackError('Setting.Invalid', `The environment variable "AUTONOMY" is "${text}".`, {
    fix: `Set it to one of ${AUTONOMIES.join(', ')}.`,
    category: 'usage',
  })
}

const realClock: Clock = {
  now: () => new Date(),
  sleep: async (milliseconds, signal) => {
    await sleep(milliseconds, undefined, signal ? { signal } : {})
  },
}

const fromEnvironment = (): Database =>
  postgres({ url: setting('DATABASE_URL'), iam: process.env.DATABASE_IAM === 'true' })

let database: (() => Database) | null = null
let clock: Clock | null = null

/**
 * What a drill puts in place of the server and the wall clock; `null` takes it away again. Everything else is reached over
 * the network, also locally.
 */
export const replace = (with_: { database?: (() => Database) | null; clock?: Clock | null }): void => {
  if (with_.database !== undefined) database = with_.database
  if (with_.clock !== undefined) clock = with_.clock
}

const lazyDatabase: Database = {
  get label() {
    return (database ?? fromEnvironment)().label
  },
  get kind() {
    return (database ?? fromEnvironment)().kind
  },
  session: (options, work) => (database ?? fromEnvironment)().session(options, work),
}

/** Few functions ask CloudWatch: the others, and the first hop of an alarm among them, do not load its client (some 20 ms). */
const lazyAlarms: Alarms = {
  describe: async (names) => (await import('#aws/alarms.ts')).cloudwatchAlarms().describe(names),
  changes: async (name, window) => (await import('#aws/alarms.ts')).cloudwatchAlarms().changes(name, window),
}
const lazyMetricHistory: MetricHistory = {
  series: async (...asked) => (await import('#aws/metric-history.ts')).cloudwatchMetricHistory().series(...asked),
}

/** Evidence has a key of its own where the deployment gives one. */
const keyFor = (key: string): string | undefined =>
  isEvidenceKey(key) ? process.env.EVIDENCE_KEY || undefined : undefined

/** The ports of one call: the adapters, and what the call itself brings. */
export const portsFor = (call: Pick<Ports, 'signal' | 'remaining'>): Ports => ({
  flags: ssmFlags(),
  get objects() {
    return s3Objects(setting('BUCKET'), LIMITS, keyFor)
  },
  database: lazyDatabase,
  get notifier() {
    return notifier({
      people: () => setting('TOPIC_ARN'),
      chat: () => process.env.CHAT_TOPIC_ARN,
      secrets: ssmSecrets(),
    })
  },
  metrics: loggedMetrics(),
  get executions() {
    return sfnExecutions(setting('STATE_MACHINE_ARN'))
  },
  get signer() {
    return kmsSigner(setting('APPROVAL_KEY_ID'))
  },
  get approvalKey() {
    return setting('APPROVAL_KEY')
  },
  get approvers() {
    return Approvers.parse(JSON.parse(setting('APPROVERS')))
  },
  starter: process.env.STARTER || null,
  alarms: lazyAlarms,
  metricHistory: lazyMetricHistory,
  flagHistory: ssmFlagHistory(),
  clock: clock ?? realClock,
  plans: planFolder(() => process.env.PLANS_DIRECTORY),
  get environment() {
    return setting('ENVIRONMENT')
  },
  get autonomy() {
    return autonomy()
  },
  disposable: process.env.DISPOSABLE === 'true',
  machine,
  ...call,
})
