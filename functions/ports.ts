import { setTimeout as sleep } from 'node:timers/promises'
import { loggedMetrics } from '#aws/metrics.ts'
import { labelOf, readAddress } from '#aws/postgres-url.ts'
import { Approvers } from '#core/approval/approvers.ts'
import { RollbackError } from '#core/errors.ts'
import { isEvidenceKey } from '#core/incident/keys.ts'
import { AUTONOMIES, type Autonomy } from '#core/plan/autonomy.ts'
import { ServiceUrls } from '#core/plan/services.ts'
import type { Clock, Database } from '#core/ports.ts'
import type { Ports } from '#core/steps/define-step.ts'
import {
  lazyAlarms,
  lazyExecutions,
  lazyFlagHistory,
  lazyFlags,
  lazyMetricHistory,
  lazyNotifier,
  lazyObjects,
  lazyPostgres,
  lazySigner,
} from '#functions/adapters.ts'
import {
  lazyCapacities,
  lazyCommands,
  lazyConfigMaps,
  lazyDatabaseSnapshots,
  lazyDeliverer,
  lazyParameterGroups,
  lazyParameters,
  lazyServices,
  lazyWorkloads,
} from '#functions/adapters-platform.ts'
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

const fromEnvironment = (): Database => {
  const url = setting('DATABASE_URL')
  return lazyPostgres({ url, iam: process.env.DATABASE_IAM === 'true', label: labelOf(readAddress(url)) })
}

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

/** Evidence has a key of its own where the deployment gives one. */
const keyFor = (key: string): string | undefined =>
  isEvidenceKey(key) ? process.env.EVIDENCE_KEY || undefined : undefined

type OfFew = Pick<Ports, 'approvalKey' | 'approvers'>

/**
 * Settings that few functions have. Not enumerable: whoever hands a copy of its ports on must not be asked for what it does not
 * need, and the copy does not have them.
 */
const OF_FEW: PropertyDescriptorMap & Record<keyof OfFew, PropertyDescriptor> = {
  approvalKey: { get: () => setting('APPROVAL_KEY') },
  approvers: { get: () => Approvers.parse(JSON.parse(setting('APPROVERS'))) },
}

/** The ports of one call: the adapters, and what the call itself brings. */
export const portsFor = (call: Pick<Ports, 'signal' | 'remaining'>): Ports =>
  Object.defineProperties(commonPorts(call), OF_FEW) as Ports

const commonPorts = (call: Pick<Ports, 'signal' | 'remaining'>): Omit<Ports, keyof OfFew> => ({
  flags: lazyFlags,
  parameters: lazyParameters,
  commands: lazyCommands,
  parameterGroups: lazyParameterGroups,
  capacities: lazyCapacities,
  databaseSnapshots: lazyDatabaseSnapshots,
  objects: lazyObjects(() => setting('BUCKET'), keyFor),
  database: lazyDatabase,
  notifier: lazyNotifier({ people: () => setting('TOPIC_ARN'), chat: () => process.env.CHAT_TOPIC_ARN }),
  metrics: loggedMetrics(),
  workloads: lazyWorkloads,
  configMaps: lazyConfigMaps,
  deliverer: lazyDeliverer,
  executions: lazyExecutions(() => setting('STATE_MACHINE_ARN')),
  signer: lazySigner(() => setting('APPROVAL_KEY_ID')),
  starter: process.env.STARTER || null,
  alarms: lazyAlarms,
  metricHistory: lazyMetricHistory,
  flagHistory: lazyFlagHistory,
  get services() {
    // Set by the stack of a developer's machine alone; no deployment has it.
    return lazyServices(process.env.LOOPBACK === 'true' ? 'loopback' : 'internet')
  },
  get serviceUrls() {
    return ServiceUrls.parse(JSON.parse(process.env.SERVICE_URLS || '{}'))
  },
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
