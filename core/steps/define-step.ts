import { z } from 'zod'
import type { Approvers } from '#core/approval/approvers.ts'
import { Run } from '#core/incident/run.ts'
import type { Autonomy } from '#core/plan/autonomy.ts'
import type { Plans } from '#core/plan/plans.ts'
import type { ServiceUrls } from '#core/plan/services.ts'
import type {
  Alarms,
  Clock,
  Database,
  Executions,
  FlagHistory,
  Flags,
  MetricHistory,
  Metrics,
  Notifier,
  Objects,
  Services,
  Signer,
} from '#core/ports.ts'
import type { Commands, Parameters } from '#core/ports-config.ts'
import type { ConfigMaps, Deliverer, Workloads } from '#core/ports-platform.ts'
import type { Capacities, DatabaseSnapshots, ParameterGroups } from '#core/ports-rds.ts'

/** Everything a step may need. Each step names the ones it takes, and its function is granted no more. */
export interface Ports {
  readonly flags: Flags
  /** Configuration that is no flag. */
  readonly parameters: Parameters
  readonly commands: Commands
  readonly parameterGroups: ParameterGroups
  readonly capacities: Capacities
  readonly databaseSnapshots: DatabaseSnapshots
  readonly objects: Objects
  readonly database: Database
  readonly notifier: Notifier
  readonly metrics: Metrics
  readonly workloads: Workloads
  readonly configMaps: ConfigMaps
  /** Brings flags to applications that do not ask for them. */
  readonly deliverer: Deliverer
  readonly executions: Executions
  readonly alarms: Alarms
  readonly metricHistory: MetricHistory
  readonly flagHistory: FlagHistory
  readonly services: Services
  /** Where services answer that have another address here than in their plan. */
  readonly serviceUrls: ServiceUrls
  readonly clock: Clock
  /** For the function that takes the answers of people alone. */
  readonly signer: Signer
  /** What checks its signatures: DER of the SubjectPublicKeyInfo, in base64. Known without a call. */
  readonly approvalKey: string
  readonly approvers: Approvers
  /** The person who starts runs here; `null` where the way of starting does not tell, as in AWS. */
  readonly starter: string | null
  readonly plans: Plans
  /** `dev`, `staging`, `prod`, or `local`. */
  readonly environment: string
  /** How far an alarm may go by itself in this environment. */
  readonly autonomy: Autonomy
  /** Whether the environment is marked as one whose data may go: only there a plan can purge without approval. */
  readonly disposable: boolean
  /** The state machine's definition, for the picture in the report. */
  readonly machine: unknown
  /** Aborts shortly before the function's time is over. */
  readonly signal: AbortSignal
  /** Milliseconds until then. */
  readonly remaining: () => number
}

/** What every step says of itself: whether it changed anything, and one line for the report. */
export interface StepResult {
  readonly changed: boolean
  readonly detail: string
}

/**
 * One kind of work: one value in one file, one entry in the registry, one function in `functions/`, one substitution in
 * the state machine. Safe to run twice: the second run says `changed: false` and ends in the same state.
 */
export interface Step<Kind extends string, Event, Needs extends keyof Ports, Result extends StepResult> {
  readonly kind: Kind
  /** One sentence, in the words of an operator. */
  readonly purpose: string
  readonly event: z.ZodType<Event>
  /** Names of the ports; infra grants by them. */
  readonly needs: readonly Needs[]
  /** `changes`: what looked and changed nothing is not worth a line in the record. Everything is, when it is not given. */
  readonly record?: 'changes'
  run(event: Event, ports: Pick<Ports, Needs>): Promise<Result>
}

export const defineStep = <Kind extends string, Event, Needs extends keyof Ports, Result extends StepResult>(
  step: Step<Kind, Event, Needs, Result>,
): Step<Kind, Event, Needs, Result> => step

/** The event of a step inside an open run. */
export const inRun = <Input extends z.ZodType>(input: Input) => z.strictObject({ run: Run, input })
