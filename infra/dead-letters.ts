import { Duration } from 'aws-cdk-lib'
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import type { Environment } from '#infra/environment.ts'
import { reviewed } from '#infra/reviewed.ts'
import { nameIn } from '#infra/setting.ts'

/** Events that no function took, and that no rule could hand over: kept for two weeks, for a person to read. */
export class DeadLetters extends Construct {
  readonly queue: Queue

  constructor(scope: Construct, id: string, environment: Environment) {
    super(scope, id)
    this.queue = new Queue(this, 'Queue', {
      queueName: `${nameIn(environment)}-dead-letters`,
      enforceSSL: true,
      encryption: QueueEncryption.SQS_MANAGED,
      retentionPeriod: Duration.days(14),
    })
    reviewed(this.queue, { 'Serverless-SQSRedrivePolicy': 'It is the queue of dead letters; an alarm calls people.' })
  }
}
