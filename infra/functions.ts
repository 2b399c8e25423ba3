import { Duration } from 'aws-cdk-lib'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Architecture, type Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { CONTAINS } from '#core/plan/containment.ts'
import { STEPS, type StepKind } from '#core/steps/registry.ts'
import {
  ANSWER_ACCESS,
  BUCKET_ACCESS,
  HEALTH_ACCESS,
  ON_ALARM_ACCESS,
  PROBE_ACCESS,
  REMIND_ACCESS,
  writesEvidence,
} from '#infra/bucket-access.ts'
import { isConfigurationStep } from '#infra/configuration.ts'
import { interfacesFor, type Rights, statementsFor } from '#infra/permissions.ts'
import { CALLED_AND_WAITED_FOR, NOT_TRACED, reviewed } from '#infra/reviewed.ts'
import { nameIn, roleNameIn, type Setting, stateMachineArn } from '#infra/setting.ts'

/** Seconds. Ten less than the state gives: a function is over before its state tries again. */
const LONGEST = 890
const SECONDS: Readonly<Partial<Record<StepKind, number>>> = {
  contain: 50,
  'open-incident': 50,
  'safe-point': 50,
  notify: 50,
  'preserve-evidence': 110,
  'set-flag': 50,
  'ask-approval': 50,
  gate: 50,
  're-enable': 50,
  'needs-human': 50,
  report: 110,
}

/** Megabytes. Copying and digesting takes one whole processor, which Lambda gives from 1,769 on. */
const MEMORY = 512
const WHOLE_PROCESSOR = 1_769
const COPIES: readonly StepKind[] = ['snapshot-part', 'verify-part', 'load-part']

/** Called by events: what fails again and again is kept. The probes have destinations instead, and the next round. */
const CALLED_BY_EVENTS: readonly string[] = ['on-alarm', 'sweep-alarms', 'observe-report', 'remind', 'health']

const WRITES_FLAGS: readonly StepKind[] = ['contain', 'set-flag', 're-enable']

const EXECUTIONS: Readonly<Partial<Record<StepKind, Rights['executions']>>> = {
  // Ends the wait for an answer that a worse path makes pointless.
  'open-incident': ['DescribeExecution', 'SendTaskFailure'],
  report: ['GetExecutionHistory'],
}

interface Shape {
  readonly entry: string
  readonly purpose: string
  readonly seconds: number
  readonly megabytes: number
  readonly rights: Rights
}

const ON_ALARM: Shape = {
  entry: 'on-alarm',
  purpose: 'Contains when an alarm of a plan goes off, decides, and starts the state machine.',
  seconds: 50,
  megabytes: MEMORY,
  rights: {
    needs: ['flags', 'deliverer', 'executions', 'notifier', 'objects', 'plans', 'clock', 'environment', 'autonomy'],
    flags: 'write',
    executions: ['StartExecution'],
    bucket: ON_ALARM_ACCESS,
  },
}

/** It is over before the next one begins. What it finds goes to `on-alarm`, which may do what it may not. */
const PROBE: Shape = {
  entry: 'probe',
  purpose: 'Measures the signals that only SQL sees, and whether the database can be reached.',
  seconds: 50,
  megabytes: MEMORY,
  rights: {
    needs: ['database', 'objects', 'plans', 'clock', 'environment', 'signal'],
    flags: 'read',
    executions: [],
    bucket: PROBE_ACCESS,
  },
}

const REMIND: Shape = {
  entry: 'remind',
  purpose: 'Calls people again, and others, while an incident waits for them.',
  seconds: 240,
  megabytes: MEMORY,
  rights: {
    needs: ['objects', 'executions', 'notifier', 'plans', 'clock', 'environment'],
    flags: 'read',
    executions: ['DescribeExecution'],
    bucket: REMIND_ACCESS,
  },
}

const ANSWER: Shape = {
  entry: 'answer',
  purpose: 'Takes the answers of people: who they are, AWS says.',
  seconds: 50,
  megabytes: MEMORY,
  rights: {
    needs: ['objects', 'executions', 'plans', 'clock', 'environment', 'signer', 'approvalKey', 'approvers'],
    flags: 'read',
    // A task token alone is never enough, but it is something: nobody else may use one.
    executions: ['SendTaskSuccess'],
    bucket: ANSWER_ACCESS,
  },
}

/** Beside what an alarm's own function may do: it does the same for alarms whose event got lost. */
const SWEEP_ALARMS: Shape = {
  ...ON_ALARM,
  entry: 'sweep-alarms',
  purpose: 'Finds alarms whose event got lost, or that went off before there was anybody to tell.',
  seconds: 110,
  rights: {
    ...ON_ALARM.rights,
    needs: [...new Set([...ON_ALARM.rights.needs, 'alarms', 'objects'] as const)],
    executions: [...new Set([...ON_ALARM.rights.executions, 'DescribeExecution'] as const)],
    bucket: {
      reads: [...ON_ALARM.rights.bucket.reads, 'decisions/*'],
      writes: [...ON_ALARM.rights.bucket.writes, 'swept/*'],
    },
  },
}

const OBSERVE_REPORT: Shape = {
  entry: 'observe-report',
  purpose: 'Tells people every week what would have been done, or was done, and how long before they did.',
  seconds: 290,
  megabytes: MEMORY,
  rights: {
    needs: ['alarms', 'flagHistory', 'objects', 'notifier', 'plans', 'clock', 'environment'],
    flags: 'read',
    executions: [],
    bucket: { reads: ['decisions/*'], writes: [] },
  },
}

const HEALTH: Shape = {
  entry: 'health',
  purpose: 'Measures what goes stale while nothing happens: snapshots, drills, and how fast containment was.',
  seconds: 290,
  megabytes: MEMORY,
  rights: {
    needs: ['objects', 'plans', 'clock', 'environment', 'metrics'],
    flags: 'read',
    executions: [],
    bucket: HEALTH_ACCESS,
  },
}

const shapeOf = ({ kind, purpose, needs }: (typeof STEPS)[number]): Shape => ({
  entry: kind,
  purpose,
  seconds: SECONDS[kind] ?? LONGEST,
  megabytes: COPIES.includes(kind) ? WHOLE_PROCESSOR : MEMORY,
  rights: {
    needs,
    flags: WRITES_FLAGS.includes(kind) ? 'write' : 'read',
    ...(isConfigurationStep(kind) ? { configuration: kind } : {}),
    ...(kind === 'previous-version' || kind === 'restart' || kind === 'scale' ? { platform: kind } : {}),
    executions: EXECUTIONS[kind] ?? [],
    bucket: BUCKET_ACCESS[kind],
  },
})

/** A function per kind of step, and those that alarms, people and schedules call, each with a role and a log group of its own. */
export class RollbackFunctions extends Construct {
  /** By kind of step. */
  readonly steps: ReadonlyMap<StepKind, LambdaFunction>
  readonly onAlarm: LambdaFunction
  readonly probe: LambdaFunction
  readonly remind: LambdaFunction
  readonly answer: LambdaFunction
  readonly sweepAlarms: LambdaFunction
  readonly observeReport: LambdaFunction
  readonly health: LambdaFunction

  constructor(scope: Construct, id: string, props: { readonly code: Code; readonly setting: Setting }) {
    super(scope, id)
    const { environment, network, deadLetters } = props.setting
    const create = (shape: Shape): LambdaFunction => {
      const functionName = `${nameIn(environment)}-${shape.entry}`
      const logGroup = new LogGroup(this, `${shape.entry}-log`, { retention: environment.retention.logs })
      const role = new Role(this, `${shape.entry}-role`, {
        roleName: roleNameIn(environment, shape.entry),
        assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      })
      const besideDatabase = shape.rights.needs.includes('database') ? network : null
      for (const statement of statementsFor(shape.rights, props.setting)) role.addToPolicy(statement)
      if (besideDatabase)
        for (const statement of interfacesFor(functionName, props.setting)) role.addToPolicy(statement)
      logGroup.grantWrite(role)
      const made = new LambdaFunction(this, shape.entry, {
        functionName,
        description: shape.purpose,
        runtime: Runtime.NODEJS_24_X,
        architecture: Architecture.ARM_64,
        code: props.code,
        handler: `${shape.entry}.handler`,
        timeout: Duration.seconds(shape.seconds),
        memorySize: shape.megabytes,
        environment: environmentOf(shape.rights, props.setting),
        role,
        logGroup,
        ...(besideDatabase?.placement ?? {}),
        ...(CONTAINS.includes(shape.entry)
          ? { reservedConcurrentExecutions: environment.containment.concurrency }
          : {}),
        ...(CALLED_BY_EVENTS.includes(shape.entry) ? { deadLetterQueue: deadLetters } : {}),
      })
      reviewed(made, { ...NOT_TRACED, ...(CALLED_BY_EVENTS.includes(shape.entry) ? {} : CALLED_AND_WAITED_FOR) })
      return made
    }
    this.steps = new Map(STEPS.map((step) => [step.kind, create(shapeOf(step))]))
    this.onAlarm = create(ON_ALARM)
    this.probe = create(PROBE)
    this.remind = create(REMIND)
    this.answer = create(ANSWER)
    this.sweepAlarms = create(SWEEP_ALARMS)
    this.observeReport = create(OBSERVE_REPORT)
    this.health = create(HEALTH)
  }
}

/** The settings that `functions/ports.ts` reads, and no more of them than the ports of the function need. */
const environmentOf = ({ needs, bucket }: Rights, setting: Setting): Record<string, string> => {
  const { database, autonomy, disposable } = setting.environment
  return {
    ENVIRONMENT: setting.environment.name,
    // A small young generation: the buffers of what streams through are freed by many cheap collections, not by few dear ones.
    NODE_OPTIONS: '--enable-source-maps --max-semi-space-size=1',
    ...(needs.includes('objects') ? { BUCKET: setting.bucket.bucketName } : {}),
    ...(needs.includes('objects') && writesEvidence(bucket) ? { EVIDENCE_KEY: setting.evidenceKey.keyArn } : {}),
    ...(needs.includes('notifier')
      ? { TOPIC_ARN: setting.topic.topicArn, CHAT_TOPIC_ARN: setting.chatTopic.topicArn }
      : {}),
    ...(needs.includes('signer') ? { APPROVAL_KEY_ID: setting.approvalKey.keyArn } : {}),
    ...(needs.includes('approvalKey') ? { APPROVAL_KEY: setting.approvalKey.publicKey } : {}),
    ...(needs.includes('approvers') ? { APPROVERS: JSON.stringify(setting.environment.approvers ?? {}) } : {}),
    ...(needs.includes('executions') ? { STATE_MACHINE_ARN: stateMachineArn(setting) } : {}),
    ...(needs.includes('serviceUrls') && setting.environment.services
      ? { SERVICE_URLS: JSON.stringify(setting.environment.services) }
      : {}),
    ...(needs.includes('autonomy') ? { AUTONOMY: autonomy } : {}),
    ...(needs.includes('disposable') ? { DISPOSABLE: String(disposable) } : {}),
    ...(needs.includes('database') && database
      ? {
          DATABASE_URL: database.url,
          DATABASE_IAM: 'true',
          // The authorities that sign the certificates of RDS; Node does not know them by itself.
          NODE_EXTRA_CA_CERTS: '/var/runtime/ca-cert.pem',
        }
      : {}),
  }
}
