import { type App, Stack } from 'aws-cdk-lib'
import { Code } from 'aws-cdk-lib/aws-lambda'
import type { Plan } from '#core/plan/load.ts'
import { AlarmTriggers } from '#infra/alarms.ts'
import type { Environment } from '#infra/environment.ts'
import { RollbackFunctions } from '#infra/functions.ts'
import { ProbeSchedule } from '#infra/probes.ts'
import { Reminders } from '#infra/reminders.ts'
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
    const { bucket, topic, chatTopic } = storage
    const setting: Setting = { stack: this, environment, plans, bucket, topic, chatTopic }
    const functions = new RollbackFunctions(this, 'Functions', { code: Code.fromAsset(directory), setting })
    const machine = new RollbackMachine(this, 'StateMachine', { functions, setting })
    new AlarmTriggers(this, 'Alarms', { onAlarm: functions.onAlarm, setting })
    if (environment.database) new ProbeSchedule(this, 'Probes', functions)
    new Reminders(this, 'Reminders', { remind: functions.remind, setting })
    storage.protectFrom([...functions.roles, machine.role])
  }
}
