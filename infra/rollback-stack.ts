import { Stack } from 'aws-cdk-lib'
import { Code } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'
import type { Plan } from '#core/plan/load.ts'
import { AlarmTriggers } from '#infra/alarms.ts'
import { AnswerUrl } from '#infra/answer-url.ts'
import { ApprovalKey } from '#infra/approval-key.ts'
import { ConsoleStart } from '#infra/console-start.ts'
import { RollbackDashboard } from '#infra/dashboard.ts'
import { DeadLetters } from '#infra/dead-letters.ts'
import type { Environment } from '#infra/environment.ts'
import { RollbackFunctions } from '#infra/functions.ts'
import { HealthAlarms } from '#infra/health.ts'
import { DatabaseNetwork } from '#infra/network.ts'
import { ProbeSchedule } from '#infra/probes.ts'
import { Reminders } from '#infra/reminders.ts'
import { Schedules } from '#infra/schedules.ts'
import { nameIn, type Setting } from '#infra/setting.ts'
import { SignalAlarms } from '#infra/signal-alarms.ts'
import { RollbackMachine } from '#infra/state-machine.ts'
import type { StorageStack } from '#infra/storage-stack.ts'
import { Topics } from '#infra/topics.ts'

export interface RollbackStackProps {
  readonly environment: Environment
  readonly plans: readonly Plan[]
  /** Where the code of the functions lies, the same for every environment. */
  readonly package: string
  readonly storage: StorageStack
}

/** Everything of one environment that can be made again. It reads the flags' names from the plans and never owns a flag: a deploy must not undo a rollback. */
export class RollbackStack extends Stack {
  constructor(scope: Construct, id: string, { environment, plans, package: directory, storage }: RollbackStackProps) {
    const { account, region } = environment
    super(scope, id, {
      stackName: nameIn(environment),
      description: `Rollback of ${plans.map(({ name }) => name).join(', ')} in ${environment.name}`,
      terminationProtection: true,
      ...(account && region ? { env: { account, region } } : {}),
    })
    const code = Code.fromAsset(directory)
    const deadLetters = new DeadLetters(this, 'DeadLetters', environment).queue
    const topics = new Topics(this, 'Topics', { environment, deadLetters })
    const setting: Setting = {
      stack: this,
      environment,
      plans,
      bucket: storage.bucket,
      dataKey: storage.dataKey,
      evidenceKey: storage.evidenceKey,
      topic: topics.people,
      chatTopic: topics.chat,
      approvalKey: new ApprovalKey(this, 'ApprovalKey', { key: storage.approvalKey, code, environment }),
      deadLetters,
      network: environment.database ? new DatabaseNetwork(this, 'Network', environment.database) : null,
    }
    const functions = new RollbackFunctions(this, 'Functions', { code, setting })
    const { machine } = new RollbackMachine(this, 'StateMachine', { functions, setting })
    new AlarmTriggers(this, 'Alarms', { onAlarm: functions.onAlarm, setting })
    const { alarms: signals } = new SignalAlarms(this, 'Signals', { onAlarm: functions.onAlarm, setting })
    const health = new HealthAlarms(this, 'Health', { functions, machine, topic: topics.health, setting })
    new RollbackDashboard(this, 'Dashboard', { functions, machine, signals, health: health.alarms, setting })
    new ConsoleStart(this, 'Console', { machine, setting })
    if (environment.database) new ProbeSchedule(this, 'Probes', { functions, setting })
    new Schedules(this, 'Schedules', { functions, setting })
    new Reminders(this, 'Reminders', { remind: functions.remind, setting })
    new AnswerUrl(this, 'Answers', { answer: functions.answer, environment })
  }
}
