import { ArnFormat, type Stack } from 'aws-cdk-lib'
import type { Key } from 'aws-cdk-lib/aws-kms'
import type { Bucket } from 'aws-cdk-lib/aws-s3'
import type { Topic } from 'aws-cdk-lib/aws-sns'
import type { Queue } from 'aws-cdk-lib/aws-sqs'
import type { Plan } from '#core/plan/load.ts'
import type { ApprovalKey } from '#infra/approval-key.ts'
import type { Environment } from '#infra/environment.ts'
import type { DatabaseNetwork } from '#infra/network.ts'

/** What the functions of one environment work on. */
export interface Setting {
  readonly stack: Stack
  readonly environment: Environment
  readonly plans: readonly Plan[]
  readonly bucket: Bucket
  readonly dataKey: Key
  readonly evidenceKey: Key
  readonly topic: Topic
  readonly chatTopic: Topic
  readonly approvalKey: ApprovalKey
  /** Events that no function took. */
  readonly deadLetters: Queue
  /** `null` where the environment has no database. */
  readonly network: DatabaseNetwork | null
}

/** Of the state machine and of everything that people look for by name. */
export const nameIn = ({ name }: Pick<Environment, 'name'>): string => `vector-rollback-${name}`

/** Of a function or of the state machine. By name, since the bucket denies them what is granted by mistake later. */
export const roleNameIn = (environment: Pick<Environment, 'name'>, suffix: string): string =>
  `${nameIn(environment)}-${suffix}`

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
