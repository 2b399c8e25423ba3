import { Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { describe, expect, test } from 'vitest'
import { loadPlan } from '#core/plan/load.ts'
import { type Rights, statementsFor } from '#infra/permissions.ts'
import type { Setting } from '#infra/setting.ts'
import { type Edit, planFolder } from '#test/core/plan/folder.ts'
import { withSteps } from '#test/core/recorded/world.ts'
import { ECS, EKS, LAMBDA } from '#test/core/workloads/world.ts'
import { allows, type Statement, statementsOf } from './template.ts'

/** What a function with such rights may do when the plan is like that. */
const granted = async (
  rights: Partial<Rights>,
  steps: readonly string[],
  ...edits: readonly Edit[]
): Promise<Statement[]> => {
  const plan = await loadPlan(await planFolder({ 'plan.yaml': withSteps(steps, ...edits), 'sql/step.sql': null }))
  const stack = new Stack()
  const setting = { stack, environment: { name: 'prod' }, plans: [plan] } as unknown as Setting
  const role = new Role(stack, 'role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })
  const none = { needs: [], flags: 'read', executions: [], bucket: { reads: [], writes: [] } } as const
  for (const statement of statementsFor({ ...none, ...rights }, setting)) role.addToPolicy(statement)
  const template = Template.fromStack(stack)
  return statementsOf(template, Object.keys(template.findResources('AWS::IAM::Role'))[0] ?? '')
}
const arn = (rest: string) => `arn:<Partition>:${rest.replace(':', ':<Region>:<AccountId>:')}`
const SERVICE = arn('ecs:service/app-prod/web')
const FUNCTION = arn('lambda:function:search')
const CLUSTER = arn('eks:cluster/main')
const ALL = [ECS, LAMBDA, EKS].map((place, i) => `{ ${['ecs', 'lambda', 'eks'][i]}: ${place} }`)

const actionsOf = (statements: readonly Statement[]) => statements.flatMap(({ Action }) => Action).sort()
/** The only one without resources in IAM: it reads the list of containers of a task definition. */
const UNBOUNDED = ['ecs:DescribeTaskDefinition']

describe.each(['previous-version', 'restart', 'scale'] as const)('the function of %s', (kind) => {
  const steps =
    kind === 'scale'
      ? [`scale: { ecs: ${ECS}, to: 0 }`, `scale: { eks: ${EKS}, to: 0 }`]
      : ALL.map((place) => `${kind}: ${place}`)

  test('may change exactly the workloads that the plans name for it, in this environment', async () => {
    const statements = await granted({ platform: kind }, steps)
    expect(allows(statements, 'ecs:UpdateService', SERVICE)).toBe(true)
    expect(allows(statements, 'eks:DescribeCluster', CLUSTER)).toBe(true)
    expect(allows(statements, 'lambda:UpdateAlias', FUNCTION)).toBe(kind !== 'scale')
    for (const other of [SERVICE.replace('prod', 'dev'), `${SERVICE}-admin`, SERVICE.replace('/web', '/api')])
      expect(allows(statements, 'ecs:UpdateService', other), other).toBe(false)
    for (const { Action, Resource } of statements)
      if (!Action.every((action) => UNBOUNDED.includes(action))) expect(Resource).not.toContain('*')
  })

  test('may run, delete and register nothing, and may publish code of functions only to restart them', async () => {
    const actions = actionsOf(await granted({ platform: kind }, steps))
    for (const action of actions) expect(action).not.toMatch(/Delete|Register|RunTask|Create|PassRole|Code$|\*/)
    expect(actions.includes('lambda:PublishVersion')).toBe(kind === 'restart')
  })

  test('may do nothing at all when no plan has such a step', async () => {
    expect(await granted({ platform: kind }, ['verify: { checks: [answers] }'])).toEqual([])
  })
})

test('what goes back to a version may look at what the matrix of compatibility names, and change none of it', async () => {
  const matrix: Edit = [
    'checks:\n',
    `compatibility:
  components:
    web: { ecs: ${ECS} }
    sdk: { parameter: "/app/{env}/SDK" }
  fits: [{ versions: { web: any } }]
checks:
`,
  ]
  const statements = await granted({ platform: 'previous-version' }, [`previous-version: { eks: ${EKS} }`], matrix)
  expect(allows(statements, 'ecs:DescribeServices', SERVICE)).toBe(true)
  expect(allows(statements, 'ecs:UpdateService', SERVICE)).toBe(false)
  expect(allows(statements, 'ssm:GetParameter', arn('ssm:parameter/app/prod/SDK'))).toBe(true)
  expect(allows(statements, 'ssm:PutParameter', arn('ssm:parameter/app/prod/SDK'))).toBe(false)
})

test('what brings flags may restart their workloads, and read the keys of the webhooks that bring them', async () => {
  const flags: Edit = [
    '    delivery: poll\n    within: 15s\n',
    `    delivery: ecs-redeploy
    deliver: ${ECS}
    within: 5m
  HOOKED:
    parameter: /app/{env}/HOOKED
    safe: "off"
    on: "on"
    delivery: webhook
    deliver: { webhook: bringer }
    within: 1m
`,
  ]
  const hooks: Edit = [
    'contacts:\n',
    `webhooks:
  - { name: bringer, url: "https://flags.example.com/", events: [started], secret: "/app/{env}/BRINGER" }
  - { name: pager, url: "https://pager.example.com/", events: [started], secret: "/app/{env}/PAGER" }
contacts:
`,
  ]
  const statements = await granted({ needs: ['deliverer'] }, ['verify: { checks: [answers] }'], flags, hooks)
  expect(allows(statements, 'ecs:UpdateService', SERVICE)).toBe(true)
  expect(allows(statements, 'ssm:GetParameter', arn('ssm:parameter/app/prod/BRINGER'))).toBe(true)
  expect(allows(statements, 'ssm:GetParameter', arn('ssm:parameter/app/prod/PAGER'))).toBe(false)
  expect(await granted({ needs: ['deliverer'] }, ['verify: { checks: [answers] }'])).toEqual([])
})

test('what puts a ConfigMap back may find its cluster: the rest the cluster itself grants', async () => {
  const step = 'restore-config: { configmap: { cluster: "main", namespace: default, name: config } }'
  const statements = await granted({ needs: ['configMaps'] }, [step])
  expect(actionsOf(statements)).toEqual(['eks:DescribeCluster'])
  expect(allows(statements, 'eks:DescribeCluster', CLUSTER)).toBe(true)
})
