import { Duration, Stack } from 'aws-cdk-lib'
import { Rule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction as RuleTarget } from 'aws-cdk-lib/aws-events-targets'
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import { SnsDestination } from 'aws-cdk-lib/aws-lambda-destinations'
import { Construct } from 'constructs'
import { CHANGE_EVENT } from '#core/plan/change-event.ts'
import { nameIn, type Setting } from '#infra/setting.ts'

/**
 * The two ways from an alarm to its function: the alarm's own action, and EventBridge, which needs nothing to be added to
 * alarms that were there before. Both may bring the same event: it starts one execution.
 */
export class AlarmTriggers extends Construct {
  constructor(scope: Construct, id: string, props: { readonly onAlarm: LambdaFunction; readonly setting: Setting }) {
    super(scope, id)
    const { onAlarm, setting } = props
    onAlarm.addPermission('AlarmAction', {
      principal: new ServicePrincipal('lambda.alarms.cloudwatch.amazonaws.com'),
      sourceAccount: Stack.of(this).account,
    })
    const target = new RuleTarget(onAlarm, { deadLetterQueue: setting.deadLetters })
    const known = setting.plans.flatMap((plan) => Object.values(plan.signals).flatMap(({ alarm }) => alarm))
    new Rule(this, 'Rule', {
      description: 'Alarms of the plans that change: ALARM is decided upon, the others are kept.',
      eventPattern: {
        source: ['aws.cloudwatch'],
        detailType: ['CloudWatch Alarm State Change'],
        detail: {
          alarmName: [
            { prefix: `${nameIn(setting.environment)}-` },
            ...new Set(known.map((name) => name.replaceAll('{env}', setting.environment.name))),
          ],
        },
      },
      targets: [target],
    })
    new Rule(this, 'Changes', {
      description: 'Deployments, switched flags and migrations, as CI tells of them.',
      eventPattern: { detailType: [CHANGE_EVENT], detail: { environment: [setting.environment.name] } },
      targets: [target],
    })
    // Both call asynchronously. An event that failed three times is told to people; an old one starts nothing any more.
    onAlarm.configureAsyncInvoke({
      retryAttempts: 2,
      maxEventAge: Duration.hours(1),
      onFailure: new SnsDestination(setting.topic),
    })
  }
}
