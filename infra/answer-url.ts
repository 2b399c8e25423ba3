import { CfnOutput } from 'aws-cdk-lib'
import { ManagedPolicy, PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { FunctionUrlAuthType, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import { Construct } from 'constructs'
import type { Environment } from '#infra/environment.ts'
import { nameIn } from '#infra/setting.ts'

/**
 * Where people answer: a URL that AWS opens to signed calls only. It has no policy of its own, so that no other account and
 * nobody without rights comes in; the managed policy is for those who approve, and does not let them call the
 * function past the URL, where they could say who they are.
 */
export class AnswerUrl extends Construct {
  constructor(
    scope: Construct,
    id: string,
    props: { readonly answer: LambdaFunction; readonly environment: Environment },
  ) {
    super(scope, id)
    const { answer, environment } = props
    const { url } = answer.addFunctionUrl({ authType: FunctionUrlAuthType.AWS_IAM })
    new ManagedPolicy(this, 'MayAnswer', {
      managedPolicyName: `${nameIn(environment)}-answer`,
      description: `Answers to approvals of ${nameIn(environment)}; who has which role stands in cdk.json.`,
      statements: [
        new PolicyStatement({
          actions: ['lambda:InvokeFunctionUrl'],
          resources: [answer.functionArn],
          conditions: { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } },
        }),
        new PolicyStatement({
          actions: ['lambda:InvokeFunction'],
          resources: [answer.functionArn],
          conditions: { Bool: { 'lambda:InvokedViaFunctionUrl': 'true' } },
        }),
      ],
    })
    new CfnOutput(this, 'Url', {
      value: url,
      description: 'Where approvals are answered: --url of vector-rollback.',
    }).overrideLogicalId('AnswerUrl')
  }
}
