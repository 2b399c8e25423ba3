import { Match, type Template } from 'aws-cdk-lib/assertions'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { keys } from '#core/incident/keys.ts'
import type { IncidentId } from '#core/names.ts'
import { MAP_RUNS } from '#core/snapshot/keys.ts'
import { EVIDENCE_PREFIX } from '#infra/bucket-access.ts'
import { synthesise } from '#test/infra/synth.ts'
import { bucketPolicy, functionsOf, plain, type Statement, statementsOf } from '#test/infra/template.ts'

const RETENTION = { evidence: 90, snapshots: { 'pgvector-search': 365 }, replaced: 60 }

let storage: Template
let rollback: Template

beforeAll(async () => {
  const stacks = await synthesise({ prod: { retention: RETENTION } })
  const [own, rest] = [stacks.get('vector-rollback-prod-storage'), stacks.get('vector-rollback-prod')]
  if (!own || !rest) throw new Error('one environment, two stacks')
  storage = own
  rollback = rest
})

const idOf = (type: string, description?: string): string => {
  const properties =
    description === undefined ? {} : { Properties: { Description: Match.stringLikeRegexp(description) } }
  return Object.keys(storage.findResources(type, properties))[0] ?? ''
}

/** The other bucket has the access logs of this one. */
const BUCKET = { Properties: { VersioningConfiguration: { Status: 'Enabled' } } }

test('everything in it outlives its stack, and nothing in the other stack needs to', () => {
  const kept = ['AWS::S3::Bucket', 'AWS::KMS::Key']
  for (const type of kept) storage.allResources(type, { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' })
  const others = Object.values(storage.toJSON().Resources as Record<string, { Type: string }>)
    .map(({ Type }) => Type)
    .filter((type) => !kept.includes(type))
  // Gone with its stack, and of no worth without the bucket.
  expect(new Set(others)).toEqual(new Set(['AWS::S3::BucketPolicy']))
  rollback.resourceCountIs('AWS::S3::Bucket', 0)
})

const bucketId = () => Object.keys(storage.findResources('AWS::S3::Bucket', BUCKET))[0] ?? ''

describe('the bucket', () => {
  test('keeps old versions, is encrypted with a key of ours and closed to everyone else', () => {
    storage.hasResourceProperties('AWS::S3::Bucket', {
      VersioningConfiguration: { Status: 'Enabled' },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          {
            BucketKeyEnabled: true,
            ServerSideEncryptionByDefault: {
              SSEAlgorithm: 'aws:kms',
              KMSMasterKeyID: { 'Fn::GetAtt': [idOf('AWS::KMS::Key', 'State'), 'Arn'] },
            },
          },
        ],
      },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    })
  })

  test('denies plain connections, deletes of ours, and writes past people', () => {
    const ours = ({ Resource }: Statement) => Resource.some((arn) => arn.startsWith(bucketId()))
    const denied = bucketPolicy(storage).filter((one) => one.Effect === 'Deny' && ours(one))
    expect(denied.map(({ Sid, Action }) => [Sid, Action])).toEqual([
      [undefined, ['s3:*']],
      [undefined, ['s3:*']],
      ['NothingIsDeleted', ['s3:DeleteObject', 's3:DeleteObjectVersion']],
      ['PeopleStop', ['s3:PutObject']],
      ['LeasesStay', ['s3:DeleteObject', 's3:DeleteObjectVersion']],
      ['PeopleApprove', ['s3:PutObject']],
    ])
  })

  test('lets unfinished uploads, old versions and evidence go when it says, and no snapshot that is not named', () => {
    const Rule = z.looseObject({
      Id: z.string(),
      Prefix: z.string().optional(),
      ExpirationInDays: z.number().optional(),
    })
    const [bucket] = Object.values(storage.findResources('AWS::S3::Bucket', BUCKET))
    const rules = Rule.array().parse(bucket?.Properties.LifecycleConfiguration.Rules)
    expect(rules).toMatchObject([
      {
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
        NoncurrentVersionExpiration: { NoncurrentDays: RETENTION.replaced },
      },
      {
        Prefix: EVIDENCE_PREFIX,
        ExpirationInDays: RETENTION.evidence,
        NoncurrentVersionExpiration: { NoncurrentDays: 1 },
      },
      { Prefix: 'snapshots/' },
      { Prefix: MAP_RUNS, ExpirationInDays: 90 },
      { Prefix: 'snapshots/pgvector-search/', ExpirationInDays: 365 },
    ])
    expect(rules.flatMap(({ Id, ExpirationInDays }) => (ExpirationInDays === undefined ? [] : [Id]))).toEqual([
      'evidence',
      'map-runs',
      'snapshots-pgvector-search',
    ])
  })

  test('has a prefix for what may hold personal data, which no other record shares', () => {
    const incident = 'pgvector-search-1a2b' as IncidentId
    expect(keys.evidence(incident)).toBe(`${EVIDENCE_PREFIX}${incident}/`)
    for (const key of [keys.incident(incident), keys.report(incident, 'md'), keys.lease('p'), keys.checks(incident)])
      expect(key.startsWith(EVIDENCE_PREFIX)).toBe(false)
  })

  test('nobody at all deletes a lease: it could be claimed once more from the first epoch on', () => {
    const Unconditional = z.object({
      Principal: z.strictObject({ AWS: z.literal('*') }),
      Resource: z.literal(`${bucketId()}/leases/*.json`),
      Condition: z.undefined().optional(),
    })
    const statements = Object.values(storage.findResources('AWS::S3::BucketPolicy')).flatMap(
      (policy) => plain(policy.Properties.PolicyDocument.Statement) as { Sid?: string }[],
    )
    expect(Unconditional.safeParse(statements.find(({ Sid }) => Sid === 'LeasesStay')).error).toBeUndefined()
  })
})

const conditionsOf = (type: string, sid: string): unknown[] => {
  const Deny = z.object({ Sid: z.literal(sid), Effect: z.literal('Deny'), Condition: z.unknown().optional() })
  const conditions: unknown[] = []
  JSON.parse(JSON.stringify(plain(storage.findResources(type))), (_key, value) => {
    const deny = Deny.safeParse(value)
    if (deny.success) conditions.push(deny.data.Condition)
    return value
  })
  return conditions
}

const ROLE = 'arn:<Partition>:iam::<AccountId>:role/vector-rollback-prod-'

test.each(['NothingIsDeleted', 'PeopleStop'])('%s holds for every role of the other stack, by its name', (sid) => {
  expect(conditionsOf('AWS::S3::BucketPolicy', sid)).toEqual([{ ArnLike: { 'aws:PrincipalArn': `${ROLE}*` } }])
  const names = Object.values(rollback.findResources('AWS::IAM::Role')).map(({ Properties }) => Properties.RoleName)
  expect(names.length).toBeGreaterThan(0)
  for (const name of names) expect(name).toMatch(/^vector-rollback-prod-[a-z-]+$/)
})

test('an answer is written and signed by the function that takes it, and by no other identity of the account', () => {
  const condition = { ArnNotEquals: { 'aws:PrincipalArn': `${ROLE}answer` } }
  expect(conditionsOf('AWS::S3::BucketPolicy', 'PeopleApprove')).toEqual([condition])
  expect(conditionsOf('AWS::KMS::Key', 'OnlyAnswersAreSigned')).toEqual([condition])
  const role = functionsOf(rollback).get('answer')?.Role ?? ''
  expect(rollback.findResources('AWS::IAM::Role')[role]?.Properties.RoleName).toBe('vector-rollback-prod-answer')
})

describe('the keys', () => {
  test('turn every year, and that of the snapshots is not scheduled for deletion by a slip', () => {
    for (const description of ['State', 'Evidence'])
      storage.hasResourceProperties('AWS::KMS::Key', {
        Description: Match.stringLikeRegexp(description),
        EnableKeyRotation: true,
      })
    expect(conditionsOf('AWS::KMS::Key', 'SnapshotsStayReadable')).toEqual([undefined])
  })

  test('of answers signs, and does nothing else', () => {
    storage.hasResourceProperties('AWS::KMS::Key', { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
  })

  test('of evidence is used by what keeps it and what reports on it alone', () => {
    const key = idOf('AWS::KMS::Key', 'Evidence')
    const users = [...functionsOf(rollback)].filter(([, { Role }]) =>
      statementsOf(rollback, Role).some(({ Effect, Resource }) => Effect === 'Allow' && Resource.includes(key)),
    )
    const names = users.map(([name]) => name)
    expect(names).toEqual(expect.arrayContaining(['preserve-evidence', 'report']))
    for (const name of ['contain', 'on-alarm', 'remind', 'answer', 'verify', 'retire', 'load-part'])
      expect(names).not.toContain(name)
    const writers = [...functionsOf(rollback)].filter(([, { Environment }]) => Environment.Variables.EVIDENCE_KEY)
    expect(writers.map(([name]) => name)).toContain('preserve-evidence')
  })
})
