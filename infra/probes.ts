import { Duration } from 'aws-cdk-lib'
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction as RuleTarget } from 'aws-cdk-lib/aws-events-targets'
import { LambdaDestination } from 'aws-cdk-lib/aws-lambda-destinations'
import { Construct } from 'constructs'
import { PROBE_MINUTES } from '#core/probe/metric.ts'
import type { RollbackFunctions } from '#infra/functions.ts'
import type { Setting } from '#infra/setting.ts'

/** A probe of a minute ago is worth nothing: the next one is due. 60 seconds are the least that AWS takes. */
const FRESH = { retryAttempts: 0, maxEventAge: Duration.seconds(60) }

/**
 * Runs the probes of all plans every minute. What they find reaches on-alarm as the destination of the asynchronous
 * invocation: the probing function stands beside the database, from where it can call nothing else.
 */
export class ProbeSchedule extends Construct {
  constructor(
    scope: Construct,
    id: string,
    props: {
      readonly functions: Pick<RollbackFunctions, 'probe' | 'onAlarm'>
      readonly setting: Pick<Setting, 'deadLetters'>
    },
  ) {
    super(scope, id)
    const { probe, onAlarm } = props.functions
    const { deadLetters: deadLetterQueue } = props.setting
    new Rule(this, 'Rule', {
      description: 'A round of probes.',
      schedule: Schedule.rate(Duration.minutes(PROBE_MINUTES)),
      targets: [new RuleTarget(probe, { event: RuleTargetInput.fromObject({}), deadLetterQueue, ...FRESH })],
    })
    probe.configureAsyncInvoke({
      ...FRESH,
      onSuccess: new LambdaDestination(onAlarm),
      onFailure: new LambdaDestination(onAlarm),
    })
  }
}
