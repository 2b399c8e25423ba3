import { type App, Stack } from 'aws-cdk-lib'
import { Code } from 'aws-cdk-lib/aws-lambda'
import type { Plan } from '#core/plan/load.ts'
import { AlarmTriggers } from '#infra/alarms.ts'
import { AnswerUrl } from '#infra/answer-url.ts'
import { ApprovalKey } from '#infra/approval-key.ts'
import type { Environment } from '#infra/environment.ts'
import { RollbackFunctions } from '#infra/functions.ts'
import { ProbeSchedule } from '#infra/probes.ts'
import { Reminders } from '#infra/reminders.ts'
import { Schedules } from '#infra/schedules.ts'
import { nameIn, type Setting } from '#infra/setting.ts'
import { RollbackMachine } from '#infra/state-machine.ts'
import { Storage } from '#infra/storage.ts'

export interface RollbackStackProps {
  readonly environment: Environment
  readonly plans: readonly Plan[]
  /** Where the code of the functions lies, the same for every environment. */
  readonly package: string
}

/** One environment. It reads the flags' names from the plans and never owns a flag: a deploy must not undo a rollback. */
export class RollbackStack extends Stack {
  constructor(app: App, { environment, plans, package: directory }: RollbackStackProps) {
    const { account, region } = environment
    super(app, nameIn(environment), {
      description: `Rollback of ${plans.map(({ name }) => name).join(', ')} in ${environment.name}`,
      terminationProtection: true,
      ...(account && region ? { env: { account, region } } : {}),
    })
    const storage = new Storage(this, 'Storage')
    const code = Code.fromAsset(directory)
    const approvalKey = new ApprovalKey(this, 'ApprovalKey', { code, environment })
    const setting: Setting = {
      stack: this,
      environment,
      plans,
      bucket: storage.bucket,
      topic: storage.topic,
      chatTopic: storage.chatTopic,
      approvalKey,
    }
    const functions = new RollbackFunctions(this, 'Functions', { code, setting })
    const machine = new RollbackMachine(this, 'StateMachine', { functions, setting })
    new AlarmTriggers(this, 'Alarms', { onAlarm: functions.onAlarm, setting })
    if (environment.database) new ProbeSchedule(this, 'Probes', functions)
    new Schedules(this, 'Schedules', functions)
    new Reminders(this, 'Reminders', { remind: functions.remind, setting })
    new AnswerUrl(this, 'Answers', { answer: functions.answer, environment })
    approvalKey.signedOnlyBy(functions.answerRole)
    storage.protectFrom([...functions.roles, approvalKey.role, machine.role])
    storage.answeredOnlyBy(functions.answerRole)
  }
}
