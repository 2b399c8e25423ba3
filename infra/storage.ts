import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import { AnyPrincipal, Effect, PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam'
import { Alias } from 'aws-cdk-lib/aws-kms'
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { Construct } from 'constructs'
import { ANSWERS, LEASE, SWITCH } from '#infra/bucket-access.ts'

/** The bucket with all state, and the topics by which people are told. */
export class Storage extends Construct {
  readonly bucket: Bucket
  readonly topic: Topic
  /** What the chat subscribes to (Amazon Q Developer): its messages are JSON of its own form, which nobody wants by e-mail. */
  readonly chatTopic: Topic

  constructor(scope: Construct, id: string) {
    super(scope, id)
    this.bucket = new Bucket(this, 'Bucket', {
      versioned: true,
      // Keys of S3: a restore does not hang on one more service, nor on a key that somebody may have scheduled for deletion.
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      lifecycleRules: [{ abortIncompleteMultipartUploadAfter: Duration.days(7) }],
      removalPolicy: RemovalPolicy.RETAIN,
    })
    // Enough for our own functions; alarms and rules do not publish here, which this key would not let them.
    const masterKey = Alias.fromAliasName(this, 'TopicKey', 'alias/aws/sns')
    this.topic = new Topic(this, 'Topic', { displayName: 'vector-rollback', enforceSSL: true, masterKey })
    this.chatTopic = new Topic(this, 'ChatTopic', { displayName: 'vector-rollback chat', enforceSSL: true, masterKey })
  }

  /** What none of our roles may do, whatever else is granted to it later. */
  protectFrom(roles: readonly Role[]): void {
    const deny = (sid: string, actions: string[], pattern: string) =>
      this.bucket.addToResourcePolicy(
        new PolicyStatement({
          sid,
          effect: Effect.DENY,
          principals: [new AnyPrincipal()],
          actions,
          resources: [this.bucket.arnForObjects(pattern)],
          conditions: { ArnEquals: { 'aws:PrincipalArn': roles.map(({ roleArn }) => roleArn) } },
        }),
      )
    // A deleted key could be written once again: a manifest, a lease, the record of an incident.
    deny('NothingIsDeleted', ['s3:DeleteObject', 's3:DeleteObjectVersion'], '*')
    deny('PeopleStop', ['s3:PutObject'], SWITCH)
    // Nor anybody else: a lease that is deleted could be claimed beside its holder, from the first epoch on.
    this.bucket.addToResourcePolicy(
      new PolicyStatement({
        sid: 'LeasesStay',
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ['s3:DeleteObject', 's3:DeleteObjectVersion'],
        resources: [this.bucket.arnForObjects(LEASE)],
      }),
    )
  }

  /** Not even somebody with all rights writes an answer past the function that asks AWS who is calling. */
  answeredOnlyBy(role: Role): void {
    this.bucket.addToResourcePolicy(
      new PolicyStatement({
        sid: 'PeopleApprove',
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ['s3:PutObject'],
        resources: [this.bucket.arnForObjects(ANSWERS)],
        conditions: { ArnNotEquals: { 'aws:PrincipalArn': role.roleArn } },
      }),
    )
  }
}
