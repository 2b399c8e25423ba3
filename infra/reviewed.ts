import { Validations } from 'aws-cdk-lib'
import type { IConstruct } from 'constructs'

/**
 * What cdk-nag finds and is meant to be, with the reason that a reviewer is to judge. Everything else that it finds fails the
 * synthesis.
 */
export const reviewed = (construct: IConstruct, findings: Readonly<Record<string, string>>): void => {
  for (const [id, reason] of Object.entries(findings)) Validations.of(construct).acknowledge({ id, reason })
}

/**
 * Wildcards in policies (AwsSolutions-IAM5), by the form of the finding: one pattern with its reason, where cdk-nag would want each
 * key of each environment named. Who may do what to which key is asserted function by function in `test/infra/permissions.test.ts`.
 */
export const WILDCARDS: readonly { readonly finding: RegExp; readonly reason: string }[] = [
  {
    finding: /^Resource::vector-rollback-[a-z0-9-]+-storage:ExportsOutputFnGetAttBucket\w+\/[a-z-]+\/.+$/,
    reason: 'Keys below one prefix of one bucket: the wildcard stands for ids of plans, incidents and snapshots.',
  },
  {
    finding: /^Resource::arn:<AWS::Partition>:states:.+:execution:vector-rollback-[a-z0-9-]+[:/]\*$/,
    reason: 'Executions of one state machine: their names are made of the alarm that starts them.',
  },
  {
    finding: /^Resource::arn:<AWS::Partition>:ec2:.+:(network-interface|security-group|\*)\/\*$/,
    reason:
      'Interfaces that Lambda makes in the named subnets: they have no name before. The code of the function is denied it.',
  },
  {
    finding: /^Resource::arn:<AWS::Partition>:ssm:.+:parameter\/.+\/\*$/,
    reason:
      'Parameters of one folder that a plan names, which is put back as a whole. The flags in it are denied it by name.',
  },
  {
    finding: /^Resource::arn:<AWS::Partition>:rds:.+:(db|cluster):\*$/,
    reason:
      'Who uses a group of parameters RDS tells only when asked for all instances, or all clusters. The call only looks.',
  },
  {
    finding: /^Resource::<Functionsonalarm\w+\.Arn>:\*$/,
    reason: 'Versions of one function, which the destination of the probes is.',
  },
  {
    finding: /^Resource::\*$/,
    reason:
      'Calls that only look and that AWS gives no resources for, and the delivery of logs and traces of the state machine.',
  },
]

/** Of every function. */
export const NOT_TRACED = {
  'Serverless-LambdaTracing':
    'The state machine is traced with each call of a function. Traces from inside of a function would need rights on "*" for every role, and a way out of the subnets of the database.',
} as const

export const CALLED_AND_WAITED_FOR = {
  'Serverless-LambdaDLQ':
    'Its caller waits for the answer and tries again itself: the state machine, a person by the URL, CloudFormation. The probes have destinations, and another round every minute.',
} as const

export const KEPT_AS_DEAD_LETTERS = {
  'Serverless-LambdaAsyncFailureDestination':
    'What fails goes to the queue of dead letters, which an alarm watches; a destination would keep it a second time.',
} as const
