import { readdirSync, readFileSync } from 'node:fs'
import { Match, type Template } from 'aws-cdk-lib/assertions'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { alarmName } from '#core/decide/decide.ts'
import { STEPS, substitutionOf } from '#core/steps/registry.ts'
import { readPlans } from '#infra/plans.ts'
import { synthesise } from '#test/infra/synth.ts'
import { functionsOf, plain } from '#test/infra/template.ts'

const asl = readFileSync(new URL('../../statemachines/rollback.asl.json', import.meta.url), 'utf8')
const kinds = STEPS.map(({ kind }) => kind).sort()
/** Functions that are no step. */
const BESIDE = ['on-alarm', 'probe', 'answer', 'approval-key', 'sweep-alarms', 'observe-report', 'remind', 'health']

let templates: Map<string, Template>
let template: Template

const stack = (name: string): Template => {
  const found = templates.get(name)
  if (!found) throw new Error(`there is no stack "${name}"`)
  return found
}

beforeAll(async () => {
  templates = await synthesise({ dev: { autonomy: 'act', disposable: true }, staging: {}, prod: {} })
  template = stack('vector-rollback-prod')
})

const Machine = z.object({
  Properties: z.object({
    DefinitionString: z.string(),
    DefinitionSubstitutions: z.record(z.string(), z.string()),
  }),
})

const machine = () => Machine.parse(plain(Object.values(template.findResources('AWS::StepFunctions::StateMachine'))[0]))

test('every environment has a stack for what stays and one for the rest, and its functions say which it is', () => {
  expect([...templates.keys()].sort()).toEqual([
    'vector-rollback-dev',
    'vector-rollback-dev-storage',
    'vector-rollback-prod',
    'vector-rollback-prod-storage',
    'vector-rollback-staging',
    'vector-rollback-staging-storage',
  ])
  for (const [name, stack] of templates)
    for (const [, { Environment }] of functionsOf(stack))
      expect(`vector-rollback-${Environment.Variables.ENVIRONMENT}`).toBe(name)
})

describe('what is drilled is what is deployed', () => {
  test('substitutions of the definition = steps of the registry = handlers = functions', () => {
    const handlers = readdirSync(new URL('../../functions/', import.meta.url))
      .filter(
        (file) =>
          file.endsWith('.ts') &&
          !['adapters-platform.ts', 'adapters.ts', 'lambda.ts', 'ports.ts', 'plans.ts'].includes(file),
      )
      .map((file) => file.slice(0, -'.ts'.length))
      .filter((name) => !BESIDE.includes(name))
    const functions = [...functionsOf(template).keys()].filter((name) => !BESIDE.includes(name))
    const placeholders = new Set([...asl.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name))
    const substitutions = ['Bucket', ...kinds.map(substitutionOf)].sort()
    expect(handlers.sort()).toEqual(kinds)
    expect(functions.sort()).toEqual(kinds)
    expect([...placeholders].sort()).toEqual(substitutions)
    expect(Object.keys(machine().Properties.DefinitionSubstitutions).sort()).toEqual(substitutions)
  })

  test('the definition in the template is the file, and each substitution is the function of its kind', () => {
    const { DefinitionString, DefinitionSubstitutions } = machine().Properties
    expect(DefinitionString).toBe(asl)
    const ids = Object.fromEntries(
      Object.entries(template.findResources('AWS::Lambda::Function')).map(([id, { Properties }]) => [
        id,
        Properties.FunctionName,
      ]),
    )
    for (const kind of kinds)
      expect(ids[DefinitionSubstitutions[substitutionOf(kind)] ?? '']).toBe(`vector-rollback-prod-${kind}`)
  })

  test('a function runs its own handler, and is over before its state tries again', () => {
    const Task = z.looseObject({ Arguments: z.looseObject({ FunctionName: z.string() }), TimeoutSeconds: z.unknown() })
    const tasks: z.output<typeof Task>[] = []
    JSON.parse(asl, (_key, value) => {
      const task = Task.safeParse(value)
      if (task.success) tasks.push(task.data)
      return value
    })
    for (const [kind, { Handler, Timeout }] of functionsOf(template)) {
      expect(Handler).toBe(`${kind}.handler`)
      const own = tasks.filter(({ Arguments }) => Arguments.FunctionName === `\${${substitutionOf(kind)}}`)
      for (const { TimeoutSeconds } of own)
        if (typeof TimeoutSeconds === 'number') expect(Timeout, kind).toBeLessThan(TimeoutSeconds)
    }
    expect(tasks.length).toBeGreaterThan(kinds.length / 2)
  })
})

describe('a deploy never undoes a rollback', () => {
  test('no stack owns a parameter', () => {
    for (const [, stack] of templates) stack.resourceCountIs('AWS::SSM::Parameter', 0)
  })
})

describe('an alarm reaches its function', () => {
  test("by CloudWatch's action, from this account only", () => {
    template.hasResourceProperties('AWS::Lambda::Permission', {
      Principal: 'lambda.alarms.cloudwatch.amazonaws.com',
      SourceAccount: { Ref: 'AWS::AccountId' },
      FunctionName: { 'Fn::GetAtt': [Match.stringLikeRegexp('onalarm'), 'Arn'] },
    })
  })

  test('by EventBridge, for every alarm of the plans, and those of no other environment', async () => {
    const Rule = z.object({
      detail: z.object({ alarmName: z.array(z.union([z.string(), z.object({ prefix: z.string() })])) }),
    })
    const [rule] = Object.values(template.findResources('AWS::Events::Rule')).filter(({ Properties }) =>
      Properties.EventPattern?.source?.includes('aws.cloudwatch'),
    )
    // Every state: OK and INSUFFICIENT_DATA are kept.
    expect(rule?.Properties.EventPattern.detail.state).toBeUndefined()
    const { alarmName: patterns } = Rule.parse(rule?.Properties.EventPattern).detail
    const passes = (name: string) =>
      patterns.some((pattern) => (typeof pattern === 'string' ? pattern === name : name.startsWith(pattern.prefix)))
    for (const plan of await readPlans())
      for (const [signal, { alarm }] of Object.entries(plan.signals)) {
        expect(passes(alarmName(plan, signal, 'prod'))).toBe(true)
        expect(passes(alarmName(plan, signal, 'dev'))).toBe(false)
        for (const name of alarm) expect(passes(name.replaceAll('{env}', 'prod'))).toBe(true)
      }
  })

  test('and so does a change that CI tells of, of this environment only, in the words of the function', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: { 'detail-type': ['vector-rollback change'], detail: { environment: ['prod'] } },
    })
  })

  test('and people are told of an event that could not be handled', () => {
    template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      DestinationConfig: { OnFailure: { Destination: { Ref: Match.stringLikeRegexp('Topic') } } },
    })
  })
})

describe('people answer', () => {
  test('by a URL that takes signed calls only, and which nobody else was let in to', () => {
    template.resourceCountIs('AWS::Lambda::Url', 1)
    template.hasResourceProperties('AWS::Lambda::Url', {
      AuthType: 'AWS_IAM',
      TargetFunctionArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('answer'), 'Arn'] },
      Cors: Match.absent(),
    })
    const permissions = Object.values(template.findResources('AWS::Lambda::Permission'))
    expect(JSON.stringify(permissions)).not.toContain('nswer')
    expect(permissions.map(({ Properties }) => Properties.Principal)).not.toContain('*')
    template.hasOutput('AnswerUrl', { Value: { 'Fn::GetAtt': [Match.anyValue(), 'FunctionUrl'] } })
  })

  test('with a policy that lets them come by the URL alone, where AWS says who they are', () => {
    template.hasResourceProperties('AWS::IAM::ManagedPolicy', {
      ManagedPolicyName: 'vector-rollback-prod-answer',
      PolicyDocument: {
        Statement: [
          Match.objectLike({
            Action: 'lambda:InvokeFunctionUrl',
            Condition: { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } },
          }),
          Match.objectLike({
            Action: 'lambda:InvokeFunction',
            Condition: { Bool: { 'lambda:InvokedViaFunctionUrl': 'true' } },
          }),
        ],
      },
    })
  })

  test('and the steps that check an answer get the public half of its key', () => {
    const given = [...functionsOf(template)].filter(([, { Environment }]) => Environment.Variables.APPROVAL_KEY)
    expect(given.map(([name]) => name).sort()).toEqual(['answer', 'purge', 're-enable', 'safe-point', 'swap-in'])
  })
})

test.each([
  ['alarms whose event got lost are looked for every five minutes', 'rate(5 minutes)', 'sweepalarms'],
  ['people are told every week what the alarms led to', 'cron(0 7 ? * MON *)', 'observereport'],
])('%s', (_, expression, target) => {
  template.hasResourceProperties('AWS::Events::Rule', {
    ScheduleExpression: expression,
    State: 'ENABLED',
    Targets: [Match.objectLike({ Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp(target), 'Arn'] } })],
  })
})

describe('how far alarms go by themselves', () => {
  const variables = (of: Template, name: string) =>
    [...functionsOf(of)].flatMap(([kind, { Environment }]) => {
      const value = Environment.Variables[name]
      return value === undefined ? [] : [[kind, value]]
    })

  test('is nowhere, in an environment that says nothing, and nothing there is disposable', () => {
    expect(variables(template, 'AUTONOMY')).toEqual([
      ['open-incident', 'observe'],
      ['safe-point', 'observe'],
      ['on-alarm', 'observe'],
      ['sweep-alarms', 'observe'],
    ])
    expect(variables(template, 'DISPOSABLE')).toEqual([
      ['open-incident', 'false'],
      ['safe-point', 'false'],
      ['purge', 'false'],
    ])
  })

  test('is what the context says', () => {
    const dev = stack('vector-rollback-dev')
    expect(new Set(variables(dev, 'AUTONOMY').map(([, value]) => value))).toEqual(new Set(['act']))
    expect(new Set(variables(dev, 'DISPOSABLE').map(([, value]) => value))).toEqual(new Set(['true']))
  })
})

test('the state machine is a standard one that logs every state and no payload', () => {
  template.hasResourceProperties('AWS::StepFunctions::StateMachine', {
    StateMachineType: 'STANDARD',
    StateMachineName: 'vector-rollback-prod',
    LoggingConfiguration: { Level: 'ALL', IncludeExecutionData: false },
    TracingConfiguration: { Enabled: true },
  })
})

test('every function has a role and a log group of its own', () => {
  const functions = [...functionsOf(template).values()]
  expect(new Set(functions.map(({ Role }) => Role)).size).toBe(functions.length)
  expect(new Set(functions.map(({ LoggingConfig }) => LoggingConfig.LogGroup)).size).toBe(functions.length)
})

test('every log group is kept for a year and survives the stack', () => {
  template.allResources('AWS::Logs::LogGroup', {
    Properties: { RetentionInDays: 365 },
    DeletionPolicy: 'Retain',
  })
})

test('open incidents are looked at every five minutes, and people hear of a look that failed', () => {
  template.hasResourceProperties('AWS::Events::Rule', {
    ScheduleExpression: 'rate(5 minutes)',
    State: 'ENABLED',
    Targets: [Match.objectLike({ Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('remind'), 'Arn'] } })],
  })
  template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
    FunctionName: { Ref: Match.stringLikeRegexp('remind') },
    DestinationConfig: { OnFailure: { Destination: { Ref: Match.stringLikeRegexp('Topic') } } },
  })
})

test('messages are encrypted at rest and on the way, those to the chat on a topic of their own', () => {
  template.resourceCountIs('AWS::SNS::Topic', 3)
  template.allResourcesProperties('AWS::SNS::Topic', { KmsMasterKeyId: Match.anyValue() })
  template.hasResourceProperties('AWS::SNS::TopicPolicy', {
    PolicyDocument: {
      Statement: [Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } })],
    },
  })
})
