import { ArnFormat, type Stack } from 'aws-cdk-lib'
import type { Bucket } from 'aws-cdk-lib/aws-s3'
import type { Topic } from 'aws-cdk-lib/aws-sns'
import type { Plan } from '#core/plan/load.ts'
import type { ApprovalKey } from '#infra/approval-key.ts'
import type { Environment } from '#infra/environment.ts'

/** What the functions of one environment work on. */
export interface Setting {
  readonly stack: Stack
  readonly environment: Environment
  readonly plans: readonly Plan[]
  readonly bucket: Bucket
  readonly topic: Topic
  readonly chatTopic: Topic
  readonly approvalKey: ApprovalKey
}

/** Of the state machine and of everything that people look for by name. */
export const nameIn = ({ name }: Pick<Environment, 'name'>): string => `vector-rollback-${name}`

/** Put together by name: the state machine names its functions, and they cannot wait for it to exist. */
export const stateMachineArn = ({ stack, environment }: Pick<Setting, 'stack' | 'environment'>): string =>
  stack.formatArn({
    service: 'states',
    resource: 'stateMachine',
    resourceName: nameIn(environment),
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  })

/** Its executions; `suffix` tells those of a distributed map (`/LABEL:*`) from those that were started (`:*`). */
export const executionsArn = (
  { stack, environment }: Pick<Setting, 'stack' | 'environment'>,
  suffix: ':*' | '/*' = ':*',
): string =>
  stack.formatArn({
    service: 'states',
    resource: 'execution',
    resourceName: `${nameIn(environment)}${suffix}`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  })
