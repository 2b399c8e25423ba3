import { Match, type Template } from 'aws-cdk-lib/assertions'
import { beforeAll, expect, test } from 'vitest'
import { DATABASE, synthesise } from '#test/infra/synth.ts'
import { allows, functionsOf, statementsOf } from '#test/infra/template.ts'

const USER = 'arn:<Partition>:rds-db:<Region>:<AccountId>:dbuser:cluster-ABC123/vector_rollback'

let template: Template
let without: Template
let onAlarm: string
let probe: string

beforeAll(async () => {
  const stacks = await synthesise({ prod: { database: DATABASE }, dev: {} })
  const [prod, dev] = [stacks.get('vector-rollback-prod'), stacks.get('vector-rollback-dev')]
  if (!prod || !dev) throw new Error('two environments, two stacks')
  template = prod
  without = dev
  const idOf = (name: string) =>
    Object.keys(
      template.findResources('AWS::Lambda::Function', {
        Properties: { FunctionName: `vector-rollback-prod-${name}` },
      }),
    )[0] ?? ''
  onAlarm = idOf('on-alarm')
  probe = idOf('probe')
})

test('the probes run every minute, for all plans, and a round that comes late is not made up for', () => {
  template.hasResourceProperties('AWS::Events::Rule', {
    ScheduleExpression: 'rate(1 minute)',
    State: 'ENABLED',
    Targets: [
      Match.objectLike({
        Arn: { 'Fn::GetAtt': [probe, 'Arn'] },
        Input: '{}',
        RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 },
      }),
    ],
  })
  template.hasResourceProperties('AWS::Lambda::Permission', {
    Principal: 'events.amazonaws.com',
    FunctionName: { 'Fn::GetAtt': [probe, 'Arn'] },
  })
  template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
    FunctionName: { Ref: probe },
    MaximumRetryAttempts: 0,
    MaximumEventAgeInSeconds: 60,
  })
  expect(functionsOf(template).get('probe')?.Timeout).toBeLessThan(60)
})

test('what they find, and that they failed, reaches the function of the alarms', () => {
  const destination = { Destination: { 'Fn::GetAtt': [onAlarm, 'Arn'] } }
  template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
    FunctionName: { Ref: probe },
    DestinationConfig: { OnSuccess: destination, OnFailure: destination },
  })
})

test('they may sign in to the database, read what was recorded, hand on what they found, and nothing else', () => {
  const statements = statementsOf(template, functionsOf(template).get('probe')?.Role ?? '')
  expect(allows(statements, 'rds-db:connect', USER)).toBe(true)
  expect(allows(statements, 'lambda:InvokeFunction', onAlarm)).toBe(true)
  const allowed = statements.flatMap(({ Effect, Action }) => (Effect === 'Allow' ? Action : []))
  expect(allowed.filter((action) => !action.startsWith('ec2:')).sort()).toEqual([
    'kms:Decrypt',
    'lambda:InvokeFunction',
    'logs:CreateLogStream',
    'logs:PutLogEvents',
    'rds-db:connect',
    's3:GetObject',
    's3:ListBucket',
  ])
  expect(Object.keys(functionsOf(template).get('probe')?.Environment.Variables ?? {}).sort()).toEqual([
    'BUCKET',
    'DATABASE_IAM',
    'DATABASE_URL',
    'ENVIRONMENT',
    'NODE_EXTRA_CA_CERTS',
    'NODE_OPTIONS',
  ])
})

test('without a database there is nothing to probe, and no schedule', () => {
  for (const type of ['AWS::Events::Rule', 'AWS::Lambda::EventInvokeConfig']) {
    expect(JSON.stringify(template.findResources(type))).toContain(probe)
    expect(JSON.stringify(without.findResources(type))).not.toContain(probe)
  }
})
