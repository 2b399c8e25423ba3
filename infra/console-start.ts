import { CfnOutput, Stack } from 'aws-cdk-lib'
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions'
import { Construct } from 'constructs'
import type { Plan } from '#core/plan/load.ts'
import { nameIn, type Setting, stateMachineArn } from '#infra/setting.ts'

/** The worst path that a plan has comes last: nobody is to copy it without thinking. */
const exampleOf = ({ name, paths }: Plan): string =>
  JSON.stringify({ plan: name, path: paths.partial ? 'partial' : 'flag', reason: 'what you see' })

/** `pgvector-search` → `PgvectorSearch`. */
const pascal = (name: string): string =>
  name.replaceAll(/(^|-)([a-z0-9])/g, (_, _dash, letter: string) => letter.toUpperCase())

/** What a person needs to start a run without this repository: an input for each plan, where to put it, and the same as one line. */
export class ConsoleStart extends Construct {
  constructor(scope: Construct, id: string, props: { readonly machine: StateMachine; readonly setting: Setting }) {
    super(scope, id)
    const { setting } = props
    const { region } = Stack.of(this)
    const arn = stateMachineArn(setting)
    const url = `https://${region}.console.aws.amazon.com/states/home?region=${region}#/statemachines/view/${arn}`
    this.#output('ConsoleUrl', url, 'Where to start and follow runs: Start execution, then paste an input')
    for (const plan of setting.plans) {
      const input = exampleOf(plan)
      const paths = Object.keys(plan.paths).join(', ')
      this.#output(`Input${pascal(plan.name)}`, input, `Input for a run of ${plan.name}; path is one of ${paths}`)
      this.#output(
        `Start${pascal(plan.name)}`,
        `aws stepfunctions start-execution --region ${region} --state-machine-arn ${arn} --input '${input}'`,
        `Starts a run of ${plan.name} in ${setting.environment.name}`,
      )
    }
    this.#output(
      'DashboardUrl',
      `https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}#dashboards/dashboard/${nameIn(setting.environment)}`,
      'Alarms, runs and signals on one page',
    )
  }

  #output(name: string, value: string, description: string): void {
    new CfnOutput(this, name, { value, description }).overrideLogicalId(name)
  }
}
