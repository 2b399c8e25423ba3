import { CustomResource, Duration } from 'aws-cdk-lib'
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { Key } from 'aws-cdk-lib/aws-kms'
import { Architecture, type Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import type { Environment } from '#infra/environment.ts'
import { CALLED_AND_WAITED_FOR, NOT_TRACED, reviewed } from '#infra/reviewed.ts'
import { nameIn, roleNameIn } from '#infra/setting.ts'

/**
 * The key under the answers of people. Only the function that takes them may sign; who checks has the public half as a
 * setting, since the steps that destroy reach no KMS.
 */
export class ApprovalKey extends Construct {
  readonly keyArn: string
  readonly publicKey: string

  constructor(
    scope: Construct,
    id: string,
    props: { readonly key: Key; readonly code: Code; readonly environment: Environment },
  ) {
    super(scope, id)
    const { key, environment } = props
    this.keyArn = key.keyArn
    const role = new Role(this, 'approval-key-role', {
      roleName: roleNameIn(environment, 'approval-key'),
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    })
    role.addToPolicy(new PolicyStatement({ actions: ['kms:GetPublicKey'], resources: [this.keyArn] }))
    const logGroup = new LogGroup(this, 'approval-key-log', { retention: environment.retention.logs })
    logGroup.grantWrite(role)
    const reader = new LambdaFunction(this, 'approval-key', {
      functionName: `${nameIn(environment)}-approval-key`,
      description: 'Hands the public half of the key for approvals to the deployment.',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      code: props.code,
      handler: 'approval-key.handler',
      timeout: Duration.seconds(50),
      memorySize: 512,
      environment: { ENVIRONMENT: environment.name },
      role,
      logGroup,
    })
    reviewed(reader, { ...NOT_TRACED, ...CALLED_AND_WAITED_FOR })
    const handed = new CustomResource(this, 'Public', {
      serviceToken: reader.functionArn,
      properties: { KeyId: this.keyArn },
    })
    this.publicKey = handed.getAttString('PublicKey')
  }
}
