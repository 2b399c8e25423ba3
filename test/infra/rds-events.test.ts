import { Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda'
import { expect, test } from 'vitest'
import { loadPlan } from '#core/plan/load.ts'
import type { Setting } from '#infra/setting.ts'
import { SignalAlarms } from '#infra/signal-alarms.ts'
import { edited, planFolder } from '#test/core/plan/folder.ts'
import { DATABASE } from '#test/infra/synth.ts'
import { plain } from '#test/infra/template.ts'

const event = (name: string) =>
  `  ${name}: { describe: It did., rds-event: { categories: [failover] }, for: 0s, severity: critical }\n`
const NAMES = ['the-writer-of-it-failed-over-to-another-zone', 'the-writer-of-it-failed-over-to-another-host']

const synthesised = async (): Promise<Template> => {
  const signals = NAMES.map(event).join('')
  const rows = NAMES.map(
    (when) => `  - { when: ${when}, path: flag, contain: immediately, within: 15m, approve: [lead] }\n`,
  )
  const directory = await planFolder({
    'plan.yaml': edited(['signals:\n', `signals:\n${signals}`], ['decide:\n', `decide:\n${rows.join('')}`]),
  })
  const stack = new Stack()
  const environment = { name: 'prod', database: DATABASE, retention: { logs: 365 }, baselines: {} }
  const onAlarm = new LambdaFunction(stack, 'on-alarm', {
    ...{ runtime: Runtime.NODEJS_24_X, handler: 'on-alarm.handler', code: Code.fromInline('export const handler = 1') },
  })
  const setting = { stack, environment, plans: [await loadPlan(directory)] } as unknown as Setting
  new SignalAlarms(stack, 'Signals', { onAlarm, setting })
  return Template.fromStack(stack)
}

test('events of RDS are counted by a rule of their own for each signal, however alike their long names are', async () => {
  const template = await synthesised()
  const names = Object.values(template.findResources('AWS::Events::Rule')).map(({ Properties }) => Properties.Name)
  expect(new Set(names).size).toBe(NAMES.length)
  for (const name of names) {
    expect(name).toMatch(/^vector-rollback-prod-small-[a-z0-9-]+$/)
    expect(name.length).toBeLessThanOrEqual(64)
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      ...{ Namespace: 'AWS/Events', MetricName: 'TriggeredRules', Dimensions: [{ Name: 'RuleName', Value: name }] },
    })
  }
})

test('they are kept where these rules alone may write: whoever makes the stream, EventBridge does not say for whom', async () => {
  const template = await synthesised()
  const [policy] = Object.values(template.findResources('AWS::Logs::ResourcePolicy'))
  const document = JSON.stringify(plain(policy?.Properties.PolicyDocument))
  expect(document).toContain('logs:CreateLogStream')
  const statements = JSON.parse(plain(policy?.Properties.PolicyDocument) as string).Statement
  expect(
    statements.map(({ Action, Condition }: { Action: string; Condition?: unknown }) => [Action, Condition]),
  ).toEqual([
    ['logs:CreateLogStream', undefined],
    [
      'logs:PutLogEvents',
      { ArnLike: { 'aws:SourceArn': expect.stringMatching(/:events:.*:rule\/vector-rollback-prod-\*$/) } },
    ],
  ])
})
