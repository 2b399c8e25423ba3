import { Duration } from 'aws-cdk-lib'
import { Rule, Schedule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction as RuleTarget } from 'aws-cdk-lib/aws-events-targets'
import { Construct } from 'constructs'
import type { RollbackFunctions } from '#infra/functions.ts'
import { KEPT_AS_DEAD_LETTERS, reviewed } from '#infra/reviewed.ts'
import type { Setting } from '#infra/setting.ts'

/** What runs by the clock. */
export class Schedules extends Construct {
  constructor(
    scope: Construct,
    id: string,
    props: {
      readonly functions: Pick<RollbackFunctions, 'sweepAlarms' | 'observeReport' | 'health'>
      readonly setting: Pick<Setting, 'deadLetters'>
    },
  ) {
    super(scope, id)
    const { sweepAlarms, observeReport, health } = props.functions
    const { deadLetters: deadLetterQueue } = props.setting
    for (const one of [sweepAlarms, health]) reviewed(one, KEPT_AS_DEAD_LETTERS)
    new Rule(this, 'SweepAlarms', {
      description: 'Alarms whose event got lost.',
      schedule: Schedule.rate(Duration.minutes(5)),
      targets: [new RuleTarget(sweepAlarms, { deadLetterQueue })],
    })
    // The next one comes soon and sees more: one that failed is not tried again.
    sweepAlarms.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.minutes(5) })
    new Rule(this, 'Health', {
      description: 'Age of snapshots and drills.',
      // As far apart as its looks are wide: LOOK_MS.
      schedule: Schedule.rate(Duration.hours(1)),
      targets: [new RuleTarget(health, { deadLetterQueue })],
    })
    health.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.minutes(5) })
    new Rule(this, 'ObserveReport', {
      description: 'What would have been done, week by week.',
      schedule: Schedule.cron({ weekDay: 'MON', hour: '7', minute: '0' }),
      targets: [new RuleTarget(observeReport, { deadLetterQueue })],
    })
  }
}
