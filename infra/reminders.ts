import { Duration } from 'aws-cdk-lib'
import { Rule, Schedule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction as RuleTarget } from 'aws-cdk-lib/aws-events-targets'
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import { SnsDestination } from 'aws-cdk-lib/aws-lambda-destinations'
import { Construct } from 'constructs'
import type { Setting } from '#infra/setting.ts'

/** A look at the open incidents every five minutes: rungs of a ladder come at most so much later than the plan says. */
export class Reminders extends Construct {
  constructor(scope: Construct, id: string, props: { readonly remind: LambdaFunction; readonly setting: Setting }) {
    super(scope, id)
    new Rule(this, 'Rule', {
      description: 'Looks at the open incidents.',
      schedule: Schedule.rate(Duration.minutes(5)),
      targets: [new RuleTarget(props.remind, { deadLetterQueue: props.setting.deadLetters })],
    })
    // The next look finds what this one has missed; who waits to be reminded has to know that nobody does.
    props.remind.configureAsyncInvoke({
      retryAttempts: 0,
      maxEventAge: Duration.minutes(5),
      onFailure: new SnsDestination(props.setting.topic),
    })
  }
}
