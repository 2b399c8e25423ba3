import { Duration } from 'aws-cdk-lib'
import { Rule, Schedule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction as RuleTarget } from 'aws-cdk-lib/aws-events-targets'
import { Construct } from 'constructs'
import type { RollbackFunctions } from '#infra/functions.ts'

/** What runs by the clock. */
export class Schedules extends Construct {
  constructor(scope: Construct, id: string, functions: Pick<RollbackFunctions, 'sweepAlarms' | 'observeReport'>) {
    super(scope, id)
    const { sweepAlarms, observeReport } = functions
    new Rule(this, 'SweepAlarms', {
      description: 'Alarms whose event got lost.',
      schedule: Schedule.rate(Duration.minutes(5)),
      targets: [new RuleTarget(sweepAlarms)],
    })
    // The next one comes soon and sees more: one that failed is not tried again.
    sweepAlarms.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.minutes(5) })
    new Rule(this, 'ObserveReport', {
      description: 'What would have been done, week by week.',
      schedule: Schedule.cron({ weekDay: 'MON', hour: '7', minute: '0' }),
      targets: [new RuleTarget(observeReport)],
    })
  }
}
