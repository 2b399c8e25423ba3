import { Match, type Template } from 'aws-cdk-lib/assertions'
import { beforeAll, expect, test } from 'vitest'
import { STEPS } from '#core/steps/registry.ts'
import { DATABASE, synthesise } from '#test/infra/synth.ts'
import { allows, plain, statementsOf } from '#test/infra/template.ts'

let template: Template
let without: Template

beforeAll(async () => {
  const stacks = await synthesise({ prod: { database: DATABASE }, dev: {} })
  const [prod, dev] = [stacks.get('vector-rollback-prod'), stacks.get('vector-rollback-dev')]
  if (!prod || !dev) throw new Error('two environments, two stacks each')
  template = prod
  without = dev
})

const inside = (of: Template): string[] =>
  Object.values(of.findResources('AWS::Lambda::Function')).flatMap(({ Properties }) =>
    Properties.VpcConfig ? [String(Properties.FunctionName).replace(/^vector-rollback-(prod|dev)-/, '')] : [],
  )

test('what talks to the database stands beside it, and nothing else does', () => {
  const needing = STEPS.flatMap(({ kind, needs }) => ((needs as readonly string[]).includes('database') ? [kind] : []))
  expect(inside(template).sort()).toEqual([...needing, 'probe'].sort())
  expect(inside(without)).toEqual([])
  template.hasResourceProperties('AWS::Lambda::Function', {
    FunctionName: 'vector-rollback-prod-retire',
    VpcConfig: {
      SubnetIds: ['subnet-0a', 'subnet-0b'],
      SecurityGroupIds: [{ 'Fn::GetAtt': [Match.stringLikeRegexp('Network'), 'GroupId'] }],
    },
  })
})

test('from there it goes to the port of the database and to S3, and nowhere else', () => {
  const group = { 'Fn::GetAtt': [Match.stringLikeRegexp('Network'), 'GroupId'] }
  const egress = [
    ...Object.values(template.findResources('AWS::EC2::SecurityGroup')).flatMap(
      ({ Properties }) => Properties.SecurityGroupEgress ?? [],
    ),
    ...Object.values(template.findResources('AWS::EC2::SecurityGroupEgress')).map(({ Properties }) => Properties),
  ]
  const to = egress.map((rule) => [rule.DestinationSecurityGroupId ?? rule.DestinationPrefixListId, rule.FromPort])
  expect(to.sort()).toEqual([
    ['pl-6ea54007', 443],
    ['sg-0d', 5433],
  ])
  template.resourceCountIs('AWS::EC2::SecurityGroupIngress', 1)
  template.hasResourceProperties('AWS::EC2::SecurityGroupIngress', {
    GroupId: 'sg-0d',
    SourceSecurityGroupId: group,
    FromPort: 5433,
    ToPort: 5433,
  })
})

test('S3 is reached by the endpoint that costs nothing; nothing that costs by the hour is made', () => {
  template.resourceCountIs('AWS::EC2::VPCEndpoint', 1)
  template.hasResourceProperties('AWS::EC2::VPCEndpoint', {
    VpcEndpointType: 'Gateway',
    RouteTableIds: DATABASE.network.routeTables,
  })
  for (const type of ['AWS::EC2::NatGateway', 'AWS::EC2::VPC', 'AWS::EC2::Subnet']) template.resourceCountIs(type, 0)
})

test('the service may make interfaces in these subnets, and the code of the functions may not', () => {
  const [, { Properties }] = Object.entries(template.findResources('AWS::Lambda::Function')).find(
    ([, one]) => one.Properties.FunctionName === 'vector-rollback-prod-retire',
  ) ?? ['', { Properties: {} }]
  const statements = statementsOf(template, String(plain(Properties.Role)))
  for (const [subnet, may] of [
    ['subnet-0a', true],
    ['subnet-0c', false],
  ] as const)
    expect(
      allows(statements, 'ec2:CreateNetworkInterface', `arn:<Partition>:ec2:<Region>:<AccountId>:subnet/${subnet}`),
    ).toBe(may)
  // As the managed policy for functions in a VPC has it: without one of them a function is not made, or cannot be reached.
  const given = statements.flatMap(({ Effect, Action }) =>
    Effect === 'Allow' ? Action.filter((action) => action.startsWith('ec2:')) : [],
  )
  const wanted = ['Create', 'Delete', 'Describe'].map(
    (verb) => `ec2:${verb}NetworkInterface${verb === 'Describe' ? 's' : ''}`,
  )
  const addresses = ['ec2:AssignPrivateIpAddresses', 'ec2:UnassignPrivateIpAddresses']
  expect(given.toSorted()).toEqual([...wanted, ...addresses, 'ec2:DescribeSubnets'].sort())
  const all = 'arn:<Partition>:ec2:<Region>:<AccountId>:*/*'
  expect(statements.find(({ Action }) => Action.includes('ec2:DeleteNetworkInterface'))?.Resource).toEqual([all])
  const denied = statements.find(({ Sid }) => Sid === 'NotByItsCode')
  expect(denied).toMatchObject({ Effect: 'Deny', Resource: ['*'] })
  expect(denied?.Action.toSorted()).toEqual(given.toSorted())
})
