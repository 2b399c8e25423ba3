import { Stack } from 'aws-cdk-lib'
import type { Template } from 'aws-cdk-lib/assertions'
import { beforeAll, describe, expect, test } from 'vitest'
import { keys } from '#core/incident/keys.ts'
import { loadPlan } from '#core/plan/load.ts'
import { restorePartsKey } from '#core/restore/side-schema.ts'
import { MAP_RUNS, manifestKey, partsKey, verifyKey } from '#core/snapshot/keys.ts'
import { STEPS } from '#core/steps/registry.ts'
import { statementsFor } from '#infra/permissions.ts'
import type { Setting } from '#infra/setting.ts'
import { edited, planFolder } from '#test/core/plan/folder.ts'
import {
  answer,
  type GrantedRights,
  grantedRights,
  incident,
  needing,
  part,
  plan,
  restore,
  snapshot,
} from '#test/infra/rights.ts'
import { DATABASE, synthesise } from '#test/infra/synth.ts'
import { allows, functionsOf, type Statement, statementsOf } from '#test/infra/template.ts'

const FLAG = 'arn:<Partition>:ssm:<Region>:<AccountId>:parameter/app/prod/VECTOR_SEARCH_ENABLED'
const MACHINE = 'arn:<Partition>:states:<Region>:<AccountId>:stateMachine:vector-rollback-prod'
const EXECUTION = 'arn:<Partition>:states:<Region>:<AccountId>:execution:vector-rollback-prod:some-name'

let template: Template
let rights: ReadonlyMap<string, Statement[]>
let bucket: string
let approvalKey: string
let who: GrantedRights['who']
let writers: GrantedRights['writers']
let readers: GrantedRights['readers']

beforeAll(async () => {
  const granted = await grantedRights()
  ;({ template, statements: rights, bucket, approvalKey, who, writers, readers } = granted)
})

/** Functions that are no step. */
const BESIDE = ['on-alarm', 'probe', 'answer', 'approval-key', 'sweep-alarms', 'observe-report', 'remind', 'health']
/** AWS has no resources for looking at interfaces. With a narrower scope, CloudWatch leaves composite alarms out without an error. */
const READS_ALARMS = ['cloudwatch:DescribeAlarms', 'cloudwatch:DescribeAlarmHistory']
/** What only reads, and has no resources. */
const READS = [...READS_ALARMS, 'cloudwatch:GetMetricData']
const DESCRIBES = ['ec2:DescribeNetworkInterfaces', 'ec2:DescribeSubnets', 'ecs:DescribeTaskDefinition']

test('no function may do anything to everything', () => {
  expect(rights.size).toBe(STEPS.length + BESIDE.length)
  for (const [name, statements] of rights)
    for (const { Action, Effect, Resource } of statements) {
      // None of these changes anything, and IAM knows no resource for them.
      const looks = Action.every((action) => [...READS, ...DESCRIBES].includes(action))
      if (!looks && Effect === 'Allow') expect(Resource, name).not.toContain('*')
      for (const action of Action) expect(action, name).not.toContain('*')
    }
})

test('the state machine may invoke its own functions and no other, and only logs and traces go anywhere', () => {
  const [role] = Object.keys(template.findResources('AWS::IAM::Role')).filter((id) => id.startsWith('StateMachine'))
  const statements = statementsOf(template, role ?? '')
  const invoked = statements.flatMap(({ Action, Resource }) =>
    Action.includes('lambda:InvokeFunction') ? Resource : [],
  )
  const functions = Object.entries(template.findResources('AWS::Lambda::Function')).flatMap(([id, { Properties }]) =>
    BESIDE.some((name) => Properties.FunctionName === `vector-rollback-prod-${name}`) ? [] : [id],
  )
  expect(invoked.toSorted()).toEqual(functions.sort())
  // AWS has no resources for the delivery of logs and for traces.
  const anywhere = statements.flatMap(({ Action, Resource }) => (Resource.includes('*') ? Action : []))
  for (const action of anywhere) expect(action).toMatch(/^(logs:\w*(LogDeliver|ResourcePolic|DescribeLogGroups)|xray:)/)
  for (const key of [partsKey(plan, snapshot), restorePartsKey(restore), verifyKey(incident, snapshot)])
    expect(allows(statements, 's3:GetObject', `${bucket}/${key}`)).toBe(true)
  // What its maps leave, put together from pieces, and nothing else in the bucket.
  const result = `${MAP_RUNS}${incident}/0123/SUCCEEDED_0.json`
  for (const action of ['PutObject', 'GetObject', 'ListMultipartUploadParts', 'AbortMultipartUpload'])
    expect(allows(statements, `s3:${action}`, `${bucket}/${result}`), action).toBe(true)
  for (const key of [partsKey(plan, snapshot), part, manifestKey(plan, snapshot), keys.lease(plan), answer])
    expect(allows(statements, 's3:PutObject', `${bucket}/${key}`), key).toBe(false)
  expect(allows(statements, 's3:GetObject', `${bucket}/${part}`)).toBe(false)
  expect(allows(statements, 'states:StartExecution', MACHINE)).toBe(true)
  for (const action of ['DescribeExecution', 'StopExecution', 'RedriveExecution'])
    expect(allows(statements, `states:${action}`, EXECUTION.replace(':some-name', '/SnapshotParts:some-id'))).toBe(true)
})

describe('flags', () => {
  test('are switched by containment, by a step that says so, by re-enabling, and by an alarm; by nothing else', () => {
    expect(who('ssm:PutParameter', FLAG)).toEqual(['contain', 'on-alarm', 're-enable', 'set-flag', 'sweep-alarms'])
    expect(who('ssm:GetParameter', FLAG)).toEqual(['on-alarm', 'sweep-alarms', ...needing('flags')].sort())
  })

  test('of another environment, or of no plan, are out of reach', () => {
    expect(who('ssm:PutParameter', FLAG.replace('/prod/', '/dev/'))).toEqual([])
    expect(who('ssm:GetParameter', FLAG.replace('VECTOR_SEARCH_ENABLED', 'PASSWORD'))).toEqual([])
  })
})

test('the percentages of ramps are written by those who write their flags, and nothing else of the path is', async () => {
  const directory = await planFolder({
    'plan.yaml': edited(['    within: 15s\n', '    within: 15s\n    ramp: /app/{env}/SEARCH_RAMP\n']),
  })
  const stack = new Stack()
  const setting = { stack, environment: { name: 'prod' }, plans: [await loadPlan(directory)] } as unknown as Setting
  const granted = (flags: 'read' | 'write') =>
    statementsFor({ needs: ['flags'], flags, executions: [], bucket: { reads: [], writes: [] } }, setting).map(
      ({ actions, resources }) => [actions, resources.map((arn) => arn.split(':parameter')[1])],
    )
  const parameters = ['/app/prod/SEARCH', '/app/prod/SEARCH_RAMP']
  expect(granted('write')).toEqual([[['ssm:GetParameter', 'ssm:PutParameter'], parameters]])
  expect(granted('read')).toEqual([[['ssm:GetParameter'], parameters]])
})

describe('executions', () => {
  test('are started by an alarm, looked up by the claim of the lease, and read by the report', () => {
    expect(who('states:StartExecution', MACHINE)).toEqual(['on-alarm', 'sweep-alarms'])
    expect(who('states:DescribeExecution', EXECUTION)).toEqual(['open-incident', 'remind', 'sweep-alarms'])
    expect(who('states:GetExecutionHistory', EXECUTION)).toEqual(['report'])
    expect(who('states:SendTaskHeartbeat', MACHINE)).toEqual([])
    // Ends a wait, and never approves.
    expect(who('states:SendTaskFailure', MACHINE)).toEqual(['open-incident'])
    expect(who('states:SendTaskFailure', MACHINE.replace('prod', 'dev'))).toEqual([])
  })

  test('go on after a question only by the function that takes the answers, which alone may sign them', () => {
    expect(who('states:SendTaskSuccess', MACHINE)).toEqual(['answer'])
    expect(who('kms:Sign', approvalKey)).toEqual(['answer'])
    expect(who('kms:GetPublicKey', approvalKey)).toEqual(['approval-key'])
  })
})

test('alarms and the past of flags are read by what looks for lost events and reports on the week, and nothing else of them is touched', () => {
  const alarm = 'arn:aws:cloudwatch:eu-central-1:123456789012:alarm:any'
  for (const action of READS_ALARMS) expect(who(action, alarm)).toEqual(['observe-report', 'sweep-alarms'])
  for (const action of ['cloudwatch:SetAlarmState', 'cloudwatch:PutMetricAlarm', 'cloudwatch:DeleteAlarms'])
    expect(who(action, alarm)).toEqual([])
  expect(who('ssm:GetParameterHistory', FLAG)).toEqual(['observe-report'])
  expect(who('ssm:GetParameterHistory', FLAG.replace('VECTOR_SEARCH_ENABLED', 'PASSWORD'))).toEqual([])
})

describe('what is asked outside the database', () => {
  const ANY = 'arn:aws:cloudwatch:eu-central-1:123456789012:metric:any'

  test('is handed to the functions in its network through the bucket, and they have no way out of it', () => {
    expect(readers(keys.outside(incident, 'full'))).toEqual(['remind', 'report', 'verify', 'verify-outside', 'watch'])
    for (const { kind, needs } of STEPS.filter(({ kind }) => kind === 'verify' || kind === 'watch'))
      for (const outside of ['flags', 'services', 'metricHistory', 'notifier', 'executions'])
        expect(needs, kind).not.toContain(outside)
  })

  test('may read metrics and the tokens of services, and nothing else may', async () => {
    expect(who('cloudwatch:GetMetricData', ANY)).toEqual(['verify-outside'])
    const directory = await planFolder({
      'plan.yaml': edited([
        'signals:\n',
        'services:\n  api: { url: "https://api.{env}.example.com", token: "/app/{env}/API_TOKEN" }\nsignals:\n',
      ]),
    })
    const setting = {
      stack: new Stack(),
      environment: { name: 'prod' },
      plans: [await loadPlan(directory)],
    } as unknown as Setting
    const granted = statementsFor(
      { needs: ['services'], flags: 'read', executions: [], bucket: { reads: [], writes: [] } },
      setting,
    ).map(({ actions, resources }) => [actions, resources.map((arn) => arn.split(':parameter')[1])])
    expect(granted).toEqual([[['ssm:GetParameter'], ['/app/prod/API_TOKEN']]])
  })

  test('goes to the addresses that the environment gives', async () => {
    const services = { 'pgvector-search': { api: 'https://search.internal.example.com' } }
    const stack = (await synthesise({ prod: { services } })).get('vector-rollback-prod')
    if (!stack) throw new Error('one environment, one stack')
    const given = [...functionsOf(stack)].flatMap(([name, { Environment }]) =>
      Environment.Variables.SERVICE_URLS === JSON.stringify(services) ? [name] : [],
    )
    expect(given.sort()).toEqual(['prove-delivery-outside', 'verify-outside'])
  })
})

test('the sweep remembers what it has dealt with, and nobody else writes there', () => {
  expect(writers('swept/pgvector-search/0123.json')).toEqual(['sweep-alarms'])
  expect(readers('decisions/pgvector-search/2026-11-21T03:00:00.000Z-01.json')).toEqual(
    expect.arrayContaining(['observe-report', 'sweep-alarms']),
  )
})

test('people are told by the steps that have something to say', () => {
  const all = Object.keys(template.findResources('AWS::SNS::Topic'))
  const topics = all.filter((id) => !id.includes('Health'))
  expect(topics).toHaveLength(2)
  // What the product itself is unwell with, only alarms say.
  for (const topic of all.filter((id) => !topics.includes(id))) expect(who('sns:Publish', topic)).toEqual([])
  for (const topic of topics)
    expect(who('sns:Publish', topic)).toEqual(
      ['observe-report', 'on-alarm', 'remind', 'sweep-alarms', ...needing('notifier')].sort(),
    )
})

test('who says what an incident is about may read how it began', () => {
  const read = ['notify', 'ask-approval', 'needs-human', 'report', 'remind', 'open-incident']
  expect(readers(keys.incident(incident))).toEqual(expect.arrayContaining(read))
  expect(readers(`${keys.human(incident)}at.json`)).toEqual(expect.arrayContaining(['notify', 'report', 'remind']))
})

test('a function gets the settings of its ports and no others', () => {
  for (const { kind, needs } of STEPS) {
    const given = Object.keys(functionsOf(template).get(kind)?.Environment.Variables ?? {})
    const has = (port: string) => (needs as readonly string[]).includes(port)
    expect(given.includes('BUCKET'), kind).toBe(has('objects'))
    expect(given.includes('TOPIC_ARN'), kind).toBe(has('notifier'))
    expect(given.includes('CHAT_TOPIC_ARN'), kind).toBe(has('notifier'))
    expect(given.includes('STATE_MACHINE_ARN'), kind).toBe(has('executions'))
    expect(given, kind).toEqual(expect.arrayContaining(['ENVIRONMENT']))
  }
})

test('a database is reached by a token of the role, and only by the functions that need it', () => {
  const user = 'arn:<Partition>:rds-db:<Region>:<AccountId>:dbuser:cluster-ABC123/vector_rollback'
  const expected = [...needing('database'), 'probe'].sort()
  expect(who('rds-db:connect', user)).toEqual(expected)
  for (const [name, { Environment }] of functionsOf(template))
    expect(Environment.Variables.DATABASE_URL, name).toBe(expected.includes(name) ? DATABASE.url : undefined)
})
