import { CustomResource, Duration, RemovalPolicy } from 'aws-cdk-lib'
import {
  AnyPrincipal,
  Effect,
  Role as IamRole,
  PolicyStatement,
  type Role,
  ServicePrincipal,
} from 'aws-cdk-lib/aws-iam'
import { Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms'
import { Architecture, type Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import type { Environment } from '#infra/environment.ts'
import { nameIn } from '#infra/setting.ts'

/**
 * The key under the answers of people. Only the function that takes them may sign; who checks has the public half as a
 * setting, since the steps that destroy reach no KMS.
 */
export class ApprovalKey extends Construct {
  readonly keyArn: string
  readonly publicKey: string
  readonly role: Role
  readonly #key: Key

  constructor(scope: Construct, id: string, props: { readonly code: Code; readonly environment: Environment }) {
    super(scope, id)
    this.#key = new Key(this, 'Key', {
      description: `Signs the approvals of ${nameIn(props.environment)}`,
      keySpec: KeySpec.ECC_NIST_P256,
      keyUsage: KeyUsage.SIGN_VERIFY,
      // Another key, and everything that was approved is asked again.
      removalPolicy: RemovalPolicy.RETAIN,
    })
    this.keyArn = this.#key.keyArn
    this.role = new IamRole(this, 'approval-key-role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })
    this.role.addToPolicy(new PolicyStatement({ actions: ['kms:GetPublicKey'], resources: [this.keyArn] }))
    const logGroup = new LogGroup(this, 'approval-key-log', { retention: RetentionDays.ONE_YEAR })
    logGroup.grantWrite(this.role)
    const reader = new LambdaFunction(this, 'approval-key', {
      functionName: `${nameIn(props.environment)}-approval-key`,
      description: 'Hands the public half of the key for approvals to the deployment.',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      code: props.code,
      handler: 'approval-key.handler',
      timeout: Duration.seconds(50),
      memorySize: 512,
      environment: { ENVIRONMENT: props.environment.name },
      role: this.role,
      logGroup,
    })
    const handed = new CustomResource(this, 'Public', {
      serviceToken: reader.functionArn,
      properties: { KeyId: this.keyArn },
    })
    this.publicKey = handed.getAttString('PublicKey')
  }

  /** Nobody else may sign, administrators included, whatever their own policies allow. */
  signedOnlyBy(role: Role): void {
    this.#key.addToResourcePolicy(
      new PolicyStatement({
        sid: 'OnlyAnswersAreSigned',
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ['kms:Sign'],
        resources: ['*'],
        conditions: { ArnNotEquals: { 'aws:PrincipalArn': role.roleArn } },
      }),
    )
  }
}
