import { ArnFormat, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib'
import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms'
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type IBucket,
  type LifecycleRule,
  ObjectOwnership,
  StorageClass,
} from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'
import { ANSWERS, EVIDENCE_PREFIX, LEASE, MAP_RUNS_PREFIX, SWITCH } from '#infra/bucket-access.ts'
import type { Environment } from '#infra/environment.ts'
import { reviewed } from '#infra/reviewed.ts'
import { nameIn, roleNameIn } from '#infra/setting.ts'

/**
 * What outlives every deployment of the rest: the bucket with all state, its keys, and the key that answers are signed with. It
 * knows the roles of the other stack by their names, so that neither stack waits for the other.
 */
export class StorageStack extends Stack {
  readonly bucket: Bucket
  /** Of everything in the bucket but evidence. */
  readonly dataKey: Key
  /** Of evidence and captured rows: who may read the rest does not read these. */
  readonly evidenceKey: Key
  readonly approvalKey: Key

  constructor(scope: Construct, id: string, environment: Environment) {
    const { account, region } = environment
    super(scope, id, {
      stackName: `${nameIn(environment)}-storage`,
      description: `State of the rollback in ${environment.name}: kept when stacks go`,
      terminationProtection: true,
      ...(account && region ? { env: { account, region } } : {}),
    })
    this.dataKey = this.#key('DataKey', `State of ${nameIn(environment)}: without it no snapshot can be read`)
    this.#neverScheduledForDeletion(this.dataKey)
    this.evidenceKey = this.#key('EvidenceKey', `Evidence and captured rows of ${nameIn(environment)}`)
    this.approvalKey = new Key(this, 'ApprovalKey', {
      description: `Signs the approvals of ${nameIn(environment)}`,
      keySpec: KeySpec.ECC_NIST_P256,
      keyUsage: KeyUsage.SIGN_VERIFY,
      // Another key, and everything that was approved is asked again.
      removalPolicy: RemovalPolicy.RETAIN,
    })
    this.bucket = new Bucket(this, 'Bucket', {
      versioned: true,
      encryption: BucketEncryption.KMS,
      encryptionKey: this.dataKey,
      // One call of KMS for many objects: a snapshot has thousands of parts.
      bucketKeyEnabled: true,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      lifecycleRules: lifecycleOf(environment),
      removalPolicy: RemovalPolicy.RETAIN,
      serverAccessLogsBucket: this.#accessLogs(environment),
    })
    this.#protect(environment)
  }

  #key(id: string, description: string): Key {
    return new Key(this, id, { description, enableKeyRotation: true, removalPolicy: RemovalPolicy.RETAIN })
  }

  /** Who read evidence, and when. S3 delivers such logs to buckets with keys of its own only. */
  #accessLogs({ retention }: Environment): IBucket {
    const logs = new Bucket(this, 'AccessLogs', {
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      lifecycleRules: [{ id: 'old', expiration: Duration.days(retention.logs) }],
      removalPolicy: RemovalPolicy.RETAIN,
    })
    reviewed(logs, { 'AwsSolutions-S1': 'It holds the access logs of the other bucket; logs of logs would never end.' })
    // Its own type leaves a property open that the interface does not.
    return logs as IBucket
  }

  /** Takes effect after whoever wants it has changed the policy first: two acts, not a slip. */
  #neverScheduledForDeletion(key: Key): void {
    key.addToResourcePolicy(
      new PolicyStatement({
        sid: 'SnapshotsStayReadable',
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ['kms:ScheduleKeyDeletion', 'kms:DisableKey'],
        resources: ['*'],
      }),
    )
  }

  #roleArn(environment: Environment, suffix: string): string {
    return this.formatArn({
      service: 'iam',
      region: '',
      resource: 'role',
      resourceName: roleNameIn(environment, suffix),
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    })
  }

  #deny(sid: string, actions: string[], pattern: string, condition: Record<string, Record<string, string>> = {}): void {
    this.bucket.addToResourcePolicy(
      new PolicyStatement({
        sid,
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions,
        resources: [this.bucket.arnForObjects(pattern)],
        conditions: condition,
      }),
    )
  }

  /** What none of our roles may do, whatever else is granted to it later; and what nobody may. */
  #protect(environment: Environment): void {
    const ours = { ArnLike: { 'aws:PrincipalArn': this.#roleArn(environment, '*') } }
    const notAnswer = { ArnNotEquals: { 'aws:PrincipalArn': this.#roleArn(environment, 'answer') } }
    // A deleted key could be written once again: a manifest, a lease, the record of an incident.
    this.#deny('NothingIsDeleted', ['s3:DeleteObject', 's3:DeleteObjectVersion'], '*', ours)
    this.#deny('PeopleStop', ['s3:PutObject'], SWITCH, ours)
    // Nor anybody else: a lease that is deleted could be claimed beside its holder, from the first epoch on.
    this.#deny('LeasesStay', ['s3:DeleteObject', 's3:DeleteObjectVersion'], LEASE)
    // Not even somebody with all rights writes an answer past the function that asks AWS who is calling, or signs one.
    this.#deny('PeopleApprove', ['s3:PutObject'], ANSWERS, notAnswer)
    this.approvalKey.addToResourcePolicy(
      new PolicyStatement({
        sid: 'OnlyAnswersAreSigned',
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ['kms:Sign'],
        resources: ['*'],
        conditions: notAnswer,
      }),
    )
  }
}

/** Rules go by prefixes: what they may take has one of its own. */
const lifecycleOf = ({ retention }: Environment): LifecycleRule[] => [
  {
    id: 'unfinished',
    abortIncompleteMultipartUploadAfter: Duration.days(7),
    noncurrentVersionExpiration: Duration.days(retention.replaced),
    expiredObjectDeleteMarker: true,
  },
  {
    id: 'evidence',
    prefix: EVIDENCE_PREFIX,
    expiration: Duration.days(retention.evidence),
    // What was erased is to be gone, not kept as an older version.
    noncurrentVersionExpiration: Duration.days(1),
  },
  {
    id: 'snapshots',
    prefix: 'snapshots/',
    // Read at once where it is wanted: a restore does not wait for an archive.
    transitions: [{ storageClass: StorageClass.GLACIER_INSTANT_RETRIEVAL, transitionAfter: Duration.days(90) }],
  },
  {
    id: 'map-runs',
    prefix: MAP_RUNS_PREFIX,
    // A run of the state machine lasts a month at most; what became of each part is for whoever looks after one that failed.
    expiration: Duration.days(90),
    noncurrentVersionExpiration: Duration.days(1),
  },
  ...Object.entries(retention.snapshots).map(([plan, days]) => ({
    id: `snapshots-${plan}`,
    prefix: `snapshots/${plan}/`,
    expiration: Duration.days(days),
  })),
]
