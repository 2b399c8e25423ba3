import { readFileSync } from 'node:fs'
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions'
import { Construct } from 'constructs'
import { substitutionOf } from '#core/steps/registry.ts'
import { MAP_RESULTS, PART_LISTS } from '#infra/bucket-access.ts'
import type { RollbackFunctions } from '#infra/functions.ts'
import { keyOfBucket } from '#infra/permissions.ts'
import { executionsArn, nameIn, roleNameIn, type Setting, stateMachineArn } from '#infra/setting.ts'

const DEFINITION = new URL('../statemachines/rollback.asl.json', import.meta.url)

/** `rollback.asl.json` as it is, with the functions and the bucket put in. */
export class RollbackMachine extends Construct {
  readonly role: Role
  readonly machine: StateMachine

  constructor(
    scope: Construct,
    id: string,
    props: { readonly functions: RollbackFunctions; readonly setting: Setting },
  ) {
    super(scope, id)
    const { setting } = props
    const steps = [...props.functions.steps]
    this.role = new Role(this, 'Role', {
      roleName: roleNameIn(setting.environment, 'state-machine'),
      assumedBy: new ServicePrincipal('states.amazonaws.com'),
    })
    const allow = (actions: string[], resources: string[]) =>
      this.role.addToPolicy(new PolicyStatement({ actions, resources }))
    allow(
      ['lambda:InvokeFunction'],
      steps.map(([, { functionArn }]) => functionArn),
    )
    // What the distributed maps need: CDK sees no definition from which to grant it.
    allow(
      ['s3:GetObject'],
      PART_LISTS.map((pattern) => setting.bucket.arnForObjects(pattern)),
    )
    allow(
      ['s3:PutObject', 's3:GetObject', 's3:ListMultipartUploadParts', 's3:AbortMultipartUpload'],
      [setting.bucket.arnForObjects(MAP_RESULTS)],
    )
    // Results are put together from pieces: whoever writes them decrypts, too.
    this.role.addToPolicy(keyOfBucket(['kms:Decrypt', 'kms:GenerateDataKey'], setting.dataKey, setting))
    allow(['states:StartExecution'], [stateMachineArn(setting)])
    allow(
      ['states:DescribeExecution', 'states:StopExecution', 'states:RedriveExecution'],
      [executionsArn(setting), executionsArn(setting, '/*')],
    )
    this.machine = new StateMachine(this, 'Machine', {
      stateMachineName: nameIn(setting.environment),
      stateMachineType: StateMachineType.STANDARD,
      // In the template and not beside it, so that a change set shows what changes.
      definitionBody: DefinitionBody.fromString(readFileSync(DEFINITION, 'utf8')),
      definitionSubstitutions: {
        Bucket: setting.bucket.bucketName,
        ...Object.fromEntries(steps.map(([kind, { functionArn }]) => [substitutionOf(kind), functionArn])),
      },
      role: this.role,
      logs: {
        // Below /aws/vendedlogs, since the policy by which services write logs has a limited length everywhere else.
        destination: new LogGroup(this, 'Log', {
          logGroupName: `/aws/vendedlogs/states/${nameIn(setting.environment)}`,
          retention: setting.environment.retention.logs,
        }),
        level: LogLevel.ALL,
        // Task tokens stand in it.
        includeExecutionData: false,
      },
      tracingEnabled: true,
    })
  }
}
