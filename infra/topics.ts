import { RemovalPolicy, Stack } from 'aws-cdk-lib'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Alias, Key } from 'aws-cdk-lib/aws-kms'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions'
import type { Queue } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import type { Environment } from '#infra/environment.ts'
import { nameIn } from '#infra/setting.ts'

/** By which people are told: of incidents, in the chat, and of the product itself. */
export class Topics extends Construct {
  readonly people: Topic
  /** What the chat subscribes to (Amazon Q Developer): its messages are JSON of its own form, which nobody wants by e-mail. */
  readonly chat: Topic
  /** What alarms on the product itself call: they know no incident, and would pass no filter of the other topic. */
  readonly health: Topic

  constructor(scope: Construct, id: string, props: { readonly environment: Environment; readonly deadLetters: Queue }) {
    super(scope, id)
    const { environment, deadLetters: deadLetterQueue } = props
    // Enough for our own functions; alarms do not publish there, which this key would not let them.
    const masterKey = Alias.fromAliasName(this, 'Key', 'alias/aws/sns')
    this.people = new Topic(this, 'Topic', { displayName: 'vector-rollback', enforceSSL: true, masterKey })
    this.chat = new Topic(this, 'ChatTopic', { displayName: 'vector-rollback chat', enforceSSL: true, masterKey })
    this.health = new Topic(this, 'HealthTopic', {
      displayName: 'vector-rollback health',
      enforceSSL: true,
      masterKey: this.#keyForAlarms(environment),
    })
    this.health.addToResourcePolicy(
      new PolicyStatement({
        sid: 'AlarmsOfThisAccount',
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [this.health.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    )
    for (const address of environment.contacts.email)
      for (const topic of [this.people, this.health])
        topic.addSubscription(new EmailSubscription(address, { deadLetterQueue }))
  }

  #keyForAlarms(environment: Environment): Key {
    const key = new Key(this, 'HealthKey', {
      description: `Alarms on ${nameIn(environment)} itself`,
      enableKeyRotation: true,
      // Nothing lasting is encrypted with it.
      removalPolicy: RemovalPolicy.DESTROY,
    })
    key.addToResourcePolicy(
      new PolicyStatement({
        sid: 'AlarmsOfThisAccount',
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
        resources: ['*'],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    )
    return key
  }
}
