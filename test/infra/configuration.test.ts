import { Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { describe, expect, test } from 'vitest'
import { loadPlan } from '#core/plan/load.ts'
import type { ConfigurationStep } from '#infra/configuration.ts'
import { statementsFor } from '#infra/permissions.ts'
import type { Setting } from '#infra/setting.ts'
import { planFolder } from '#test/core/plan/folder.ts'
import { withSteps } from '#test/core/recorded/world.ts'
import { allows, type Statement, statementsOf } from './template.ts'

/** What the function of a step may do when the plan has such steps. */
const granted = async (kind: ConfigurationStep, steps: readonly string[]): Promise<Statement[]> => {
  const plan = await loadPlan(await planFolder({ 'plan.yaml': withSteps(steps), 'sql/step.sql': null }))
  const stack = new Stack()
  const setting = { stack, environment: { name: 'prod' }, plans: [plan] } as unknown as Setting
  const role = new Role(stack, 'role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })
  const rights = { needs: [], flags: 'read', executions: [], bucket: { reads: [], writes: [] } } as const
  for (const statement of statementsFor({ ...rights, configuration: kind }, setting)) role.addToPolicy(statement)
  const template = Template.fromStack(stack)
  return statementsOf(template, Object.keys(template.findResources('AWS::IAM::Role'))[0] ?? '')
}
const parameter = (name: string) => `arn:<Partition>:ssm:<Region>:<AccountId>:parameter${name}`
const denied = (statements: readonly Statement[], action: string, resource: string): boolean =>
  allows(
    statements.flatMap((one) => (one.Effect === 'Deny' ? [{ ...one, Effect: 'Allow' as const }] : [])),
    action,
    resource,
  )

describe('the function that puts configuration back', () => {
  test('may read and write what is below the folders that the plans name, and nothing beside them', async () => {
    const statements = await granted('restore-config', ['restore-config: { path: "/app/{env}/worker/" }'])
    for (const action of ['ssm:GetParameter', 'ssm:GetParameterHistory', 'ssm:PutParameter'])
      expect(allows(statements, action, parameter('/app/prod/worker/deep/LIMIT')), action).toBe(true)
    for (const folder of ['/app/prod/worker', '/app/prod/worker/'])
      expect(allows(statements, 'ssm:GetParametersByPath', parameter(folder)), folder).toBe(true)
    for (const other of ['/app/prod/workers', '/app/dev/worker/LIMIT', '/app/prod/SEARCH'])
      expect(allows(statements, 'ssm:PutParameter', parameter(other)), other).toBe(false)
    expect(allows(statements, 'ssm:DeleteParameter', parameter('/app/prod/worker/LIMIT'))).toBe(false)
  })

  test('may write single parameters, and is denied the flags of every plan wherever they lie', async () => {
    const statements = await granted('restore-config', ['restore-config: { parameters: ["/app/{env}/LIMIT"] }'])
    expect(allows(statements, 'ssm:PutParameter', parameter('/app/prod/LIMIT'))).toBe(true)
    expect(allows(statements, 'ssm:PutParameter', parameter('/app/prod/LIMITS'))).toBe(false)
    expect(denied(statements, 'ssm:PutParameter', parameter('/app/prod/SEARCH'))).toBe(true)
  })

  test('may do nothing at all when no plan has such a step', async () => {
    expect(await granted('restore-config', ['throttle: { set: { "/app/{env}/LIMIT": "1" } }'])).toEqual([])
  })
})

test('the function that throttles may write what the plans throttle, and read no history of it', async () => {
  const steps = ['throttle: { set: { "/app/{env}/LIMIT": "1" } }', 'throttle: { back: ["/app/{env}/OTHER"] }']
  const statements = await granted('throttle', steps)
  for (const name of ['/app/prod/LIMIT', '/app/prod/OTHER'])
    expect(allows(statements, 'ssm:PutParameter', parameter(name)), name).toBe(true)
  expect(allows(statements, 'ssm:GetParameterHistory', parameter('/app/prod/LIMIT'))).toBe(false)
  expect(denied(statements, 'ssm:PutParameter', parameter('/app/prod/SEARCH'))).toBe(true)
})

const rds = (resource: string, name: string) => `arn:<Partition>:rds:<Region>:<AccountId>:${resource}:${name}`

test('the function of parameter groups may change the groups that the plans name, and reboot nothing', async () => {
  const statements = await granted('parameter-group', [
    'parameter-group: { group: "app-{env}", parameters: [work_mem], reboot: ask }',
    'parameter-group: { group: aurora, of: cluster, parameters: [work_mem], reboot: ask }',
  ])
  expect(allows(statements, 'rds:ModifyDBParameterGroup', rds('pg', 'app-prod'))).toBe(true)
  expect(allows(statements, 'rds:ModifyDBClusterParameterGroup', rds('cluster-pg', 'aurora'))).toBe(true)
  for (const other of [rds('pg', 'aurora'), rds('pg', 'app-dev')])
    expect(allows(statements, 'rds:ModifyDBParameterGroup', other), other).toBe(false)
  for (const action of ['rds:RebootDBInstance', 'rds:RebootDBCluster', 'rds:ModifyDBInstance'])
    expect(allows(statements, action, rds('db', 'app-1')), action).toBe(false)
})

test('the function of capacity may modify the clusters that the plans name, and the one of snapshots take them and delete none', async () => {
  const capacity = await granted('capacity', [
    'capacity: { cluster: "app-{env}", min: 1, max: 2 }',
    'capacity: { back: other }',
  ])
  for (const name of ['app-prod', 'other'])
    expect(allows(capacity, 'rds:ModifyDBCluster', rds('cluster', name)), name).toBe(true)
  expect(allows(capacity, 'rds:ModifyDBCluster', rds('cluster', 'app-dev'))).toBe(false)
  const snapshots = await granted('rds-snapshot', ['rds-snapshot: { instance: app }'])
  const ours = rds('snapshot', 'vector-rollback-search-0123456789ab')
  for (const resource of [rds('db', 'app'), ours])
    expect(allows(snapshots, 'rds:CreateDBSnapshot', resource), resource).toBe(true)
  expect(allows(snapshots, 'rds:CreateDBSnapshot', rds('snapshot', 'mine'))).toBe(false)
  expect(allows(snapshots, 'rds:DeleteDBSnapshot', ours)).toBe(false)
})

test('the function of commands may run the documents that the plans name on the instances of their tags, and no others', async () => {
  const statements = await granted('run-command', [
    'run-command: { document: app-restart, targets: { "tag:Role": ["worker-{env}"] } }',
    'run-command: { document: AWS-RunShellScript, targets: { InstanceIds: [i-1] }, parameters: { commands: [uptime] } }',
  ])
  const document = (account: string, name: string) => `arn:<Partition>:ssm:<Region>:${account}:document/${name}`
  for (const arn of [document('<AccountId>', 'app-restart'), document('', 'AWS-RunShellScript')])
    expect(allows(statements, 'ssm:SendCommand', arn), arn).toBe(true)
  expect(allows(statements, 'ssm:SendCommand', document('<AccountId>', 'other'))).toBe(false)
  const onInstances = statements.filter(({ Resource }) => Resource.some((arn) => arn.includes(':instance/')))
  expect(onInstances.map(({ Resource, Condition }) => [Resource[0]?.split('/')[1], Condition])).toEqual([
    ['*', { StringLike: { 'ssm:resourceTag/Role': ['worker-prod'] } }],
    ['i-1', undefined],
  ])
})
