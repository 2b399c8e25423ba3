import { Stack } from 'aws-cdk-lib'
import type { Template } from 'aws-cdk-lib/assertions'
import { beforeAll, describe, expect, test } from 'vitest'
import { decideKeys } from '#core/decide/keys.ts'
import { keys } from '#core/incident/keys.ts'
import type { IncidentId, PlanName, RetirementId } from '#core/names.ts'
import { loadPlan } from '#core/plan/load.ts'
import { recordedKeys } from '#core/recorded/keys.ts'
import { restoredKey, restorePartsKey } from '#core/restore/side-schema.ts'
import { MAP_RUNS, manifestKey, partKey, partsKey, sidecarKey, snapshotOf, verifyKey } from '#core/snapshot/keys.ts'
import { STEPS, type StepKind } from '#core/steps/registry.ts'
import { workloadKeys } from '#core/workloads/keys.ts'
import { statementsFor } from '#infra/permissions.ts'
import type { Setting } from '#infra/setting.ts'
import { edited, planFolder } from '#test/core/plan/folder.ts'
import { DATABASE, synthesise } from '#test/infra/synth.ts'
import { allows, functionsOf, type Statement, statementsOf } from '#test/infra/template.ts'

const FLAG = 'arn:<Partition>:ssm:<Region>:<AccountId>:parameter/app/prod/VECTOR_SEARCH_ENABLED'
const MACHINE = 'arn:<Partition>:states:<Region>:<AccountId>:stateMachine:vector-rollback-prod'
const EXECUTION = 'arn:<Partition>:states:<Region>:<AccountId>:execution:vector-rollback-prod:some-name'

const incident = 'pgvector-search-1a2b' as IncidentId
const plan = 'pgvector-search' as PlanName
const snapshot = snapshotOf(incident as string as RetirementId)
const part = partKey(plan, snapshot, 7)
const restore = { plan, incident, snapshot }
const answer = `${keys.approval(incident, 'purge')}answers/0123.json`

let template: Template
let rights: Map<string, Statement[]>
let bucket: string
let approvalKey: string

beforeAll(async () => {
  const stacks = await synthesise({ prod: { database: DATABASE } })
  const [prod, storage] = [stacks.get('vector-rollback-prod'), stacks.get('vector-rollback-prod-storage')]
  if (!prod || !storage) throw new Error('one environment, two stacks')
  template = prod
  rights = new Map([...functionsOf(template)].map(([name, { Role }]) => [name, statementsOf(template, Role)]))
  bucket =
    Object.keys(
      storage.findResources('AWS::S3::Bucket', { Properties: { VersioningConfiguration: { Status: 'Enabled' } } }),
    )[0] ?? ''
  approvalKey =
    Object.keys(storage.findResources('AWS::KMS::Key', { Properties: { KeyUsage: 'SIGN_VERIFY' } }))[0] ?? ''
})

const who = (action: string, resource: string): string[] =>
  [...rights].flatMap(([name, statements]) => (allows(statements, action, resource) ? [name] : [])).sort()
const writers = (key: string): string[] => who('s3:PutObject', `${bucket}/${key}`)
const readers = (key: string): string[] => who('s3:GetObject', `${bucket}/${key}`)
const needing = (port: string): string[] =>
  STEPS.flatMap(({ kind, needs }) => ((needs as readonly string[]).includes(port) ? [kind] : [])).sort()

/** Functions that are no step. */
const BESIDE = ['on-alarm', 'probe', 'answer', 'approval-key', 'sweep-alarms', 'observe-report', 'remind', 'health']
/** AWS has no resources for looking at interfaces. With a narrower scope, CloudWatch leaves composite alarms out without an error. */
const READS_ALARMS = ['cloudwatch:DescribeAlarms', 'cloudwatch:DescribeAlarmHistory']
/** What only reads, and has no resources. */
const READS = [...READS_ALARMS, 'cloudwatch:GetMetricData']
const DESCRIBES = ['ec2:DescribeNetworkInterfaces', 'ecs:DescribeTaskDefinition']

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

describe('the bucket', () => {
  test('may be deleted from by nobody', () => {
    for (const action of ['s3:DeleteObject', 's3:DeleteObjectVersion'])
      for (const key of [part, keys.lease(plan), answer]) expect(who(action, `${bucket}/${key}`)).toEqual([])
  })

  test('is open to the steps that need it, each to the keys that it writes', () => {
    const written: Record<string, readonly (StepKind | 'remind')[]> = {
      [keys.lease(plan)]: ['open-incident', 'report'],
      [keys.incident(incident)]: ['open-incident'],
      [`${keys.joined(incident)}other.json`]: ['open-incident'],
      [keys.course(incident)]: ['open-incident', 'report', 'safe-point'],
      [`${keys.runs(plan)}at-other.json`]: ['open-incident', 'safe-point'],
      [keys.breaker(plan)]: ['open-incident'],
      [`${keys.seen(incident)}locks.json`]: ['preserve-evidence'],
      [`${keys.captured(incident)}sql/rows.sql/0123-4/00001.jsonl`]: ['capture', 'drain', 'run-sql'],
      [`${keys.drains(incident)}0123.json`]: ['drain'],
      [`${keys.checks(incident)}at-full.json`]: [
        'follow-delivery',
        'prove-delivery',
        'prove-delivery-outside',
        'verify',
      ],
      [`${keys.human(incident)}at.json`]: ['needs-human'],
      [`${keys.messages(incident)}started-0123.json`]: [
        'ask-approval',
        'needs-human',
        'notify',
        'open-incident',
        're-enable',
        'remind',
        'report',
      ],
      // A question about a path ends when a worse one takes its place; no other question does.
      [`${keys.approval(incident, 'proceed')}request.json`]: ['ask-approval', 'open-incident'],
      [keys.unopened(incident)]: ['needs-human'],
      [`${keys.approval(incident, 'purge')}request.json`]: ['ask-approval'],
      [`${keys.approval(incident, 'replace')}request.json`]: ['ask-approval'],
      [`${keys.approval(incident, 're-enable')}request.json`]: ['ask-approval'],
      [keys.report(incident, 'json')]: ['report'],
      [keys.report(incident, 'md')]: ['report'],
      [keys.report(incident, 'html')]: ['report'],
      [keys.replaced(incident)]: ['set-aside'],
      [keys.purged(incident)]: ['purge'],
      [keys.outside(incident, 'full')]: ['verify-outside'],
      [keys.testData(incident, 'article-created')]: ['verify-outside'],
      [`${keys.looks(incident)}at-full.json`]: ['watch'],
      [keys.reEnabling(incident)]: ['re-enable'],
      [recordedKeys.chosen(incident)]: ['parameter-group', 'previous-version', 'restore-config', 'scale'],
      [workloadKeys.found(incident, 'restart-0123')]: ['previous-version', 'restart', 'scale', 'set-flag'],
      [recordedKeys.found(incident, '0123')]: ['parameter-group', 'restore-config'],
      [`${keys.commands(incident)}0123/sent.json`]: ['run-command'],
      [`${keys.evidence(incident)}command-0123.json`]: ['run-command'],
      [`${keys.calls(incident)}0123.json`]: ['webhook'],
      [`${keys.leftOpen(incident)}0123.json`]: ['parameter-group'],
      'relief/pgvector-search/throttle/0123/000001.json': ['capacity', 'throttle'],
      // By CI, with its own rights: no run says what is good.
      [recordedKeys.record(plan, '2026-11-21T03:00:00.000Z')]: [],
      // Written by the command line, with the rights of a person.
      [keys.lastDrill(plan)]: ['report'],
      [keys.retirement(plan, incident)]: ['retire', 'set-aside'],
      [`${keys.droppedIndexes(plan)}0123.json`]: ['build-indexes', 'drop-indexes', 'swap-in'],
      [partsKey(plan, snapshot)]: ['list-parts'],
      [part]: ['snapshot-part'],
      [sidecarKey(part)]: ['snapshot-part'],
      [manifestKey(plan, snapshot)]: ['seal-snapshot'],
      [verifyKey(incident, snapshot)]: ['verify-snapshot'],
      [restorePartsKey(restore)]: ['prepare-restore'],
      [restoredKey(restore)]: ['swap-in'],
    }
    for (const [key, kinds] of Object.entries(written)) {
      expect(writers(key), key).toEqual(kinds)
      // A conditional write reads what is there.
      expect(readers(key), key).toEqual(expect.arrayContaining([...kinds]))
    }
    const inRun = STEPS.filter(({ kind }) => kind !== 'contain' && kind !== 'open-incident').map(({ kind }) => kind)
    expect(writers(`${keys.events(incident)}at-purge-1.json`)).toEqual(inRun.sort())
  })

  test('keeps what is decided, changed and drilled: an alarm may not write that a drill has passed', () => {
    const at = '2026-11-21T03:00:00.000Z'
    const kept: Record<string, readonly string[]> = {
      [decideKeys.decision(plan, { name: 'slow', state: 'ALARM', at })]: ['on-alarm', 'sweep-alarms'],
      [decideKeys.change('all', at)]: ['on-alarm', 'sweep-alarms'],
      [decideKeys.alarms(plan)]: ['on-alarm', 'sweep-alarms'],
      [decideKeys.drill(plan, 'full')]: ['report'],
      [keys.lastDrill(plan)]: ['report'],
    }
    for (const [key, kinds] of Object.entries(kept)) expect(writers(key), key).toEqual(kinds)
    for (const key of Object.keys(kept)) expect(readers(key), key).toContain('on-alarm')
  })

  test('lets every step that changes the database, or a flag, read the lease and the kill switches, which only people write', () => {
    const changes: StepKind[] = [
      'drain',
      'drop-indexes',
      'migrate',
      'run-sql',
      'set-flag',
      // Creates test data in the application.
      'verify-outside',
      'restore-config',
      'throttle',
      'parameter-group',
      'capacity',
      'rds-snapshot',
      'webhook',
      'run-command',
      'previous-version',
      'restart',
      'scale',
      'retire',
      'list-parts',
      'seal-snapshot',
      'purge',
      're-enable',
    ]
    const restores: StepKind[] = [
      'undo-retire',
      'prepare-restore',
      'load-part',
      'add-constraints',
      'build-indexes',
      'compare-restore',
      'set-aside',
      'put-back',
      'swap-in',
    ]
    const looks = ['answer', 'open-incident', 'preserve-evidence', 'remind', 'report']
    expect(readers(keys.lease(plan))).toEqual([...looks, ...changes, ...restores].sort())
    for (const of of [plan, 'all']) {
      expect(readers(keys.switch(of))).toEqual([...changes, ...restores].sort())
      expect(writers(keys.switch(of))).toEqual([])
    }
  })

  test('shows the recorded approvals to what re-checks them, and takes answers from the function of people alone', () => {
    expect(readers(answer)).toEqual(['answer', 'purge', 're-enable', 'remind', 'report', 'swap-in'])
    for (const key of [
      answer,
      `${keys.approval(incident, 'purge')}refused/at.json`,
      `${keys.decided(incident)}at.json`,
    ])
      expect(writers(key)).toEqual(['answer'])
  })

  test('shows how a run began to every step that tells people of it, or asks since when it is contained or who began it', () => {
    const tells: StepKind[] = ['ask-approval', 'needs-human', 'notify', 'report']
    const asks = [
      'answer',
      'choose-restore',
      'follow-delivery',
      'open-incident',
      'parameter-group',
      'previous-version',
      'prove-delivery',
      'prove-delivery-outside',
      're-enable',
      'remind',
      'restore-config',
      'scale',
      'webhook',
    ]
    expect(readers(keys.incident(incident))).toEqual([...tells, ...asks].sort())
  })

  test('shows snapshots to what restores, purges and reports, never to what only looks or switches', () => {
    const may = readers(part)
    for (const kind of ['load-part', 'purge', 'verify-part', 'verify-snapshot', 'report']) expect(may).toContain(kind)
    for (const kind of ['verify', 'watch', 'set-flag', 'run-sql', 'notify', 'contain', 'on-alarm'])
      expect(may).not.toContain(kind)
  })

  test('answers "no such key" to whoever reads, and to nobody else', () => {
    expect(who('s3:ListBucket', bucket)).toEqual(
      ['answer', 'health', 'observe-report', 'on-alarm', 'remind', 'sweep-alarms', ...needing('objects')].sort(),
    )
  })
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
