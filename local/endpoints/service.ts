import type { IncomingMessage } from 'node:http'

export type ServiceName =
  | 'ssm'
  | 'sns'
  | 'states'
  | 'kms'
  | 'cloudwatch'
  | 'rds'
  | 'ecs'
  | 'lambda'
  | 'eks'
  | 'kubernetes'

/** The answer to one call, small enough to be held in memory. */
export interface Reply {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: string | Buffer
}

/** One AWS service that is called by target header or form, not by path (S3 has the paths). */
export interface Service {
  readonly name: ServiceName
  /** Looks at headers only (`x-amz-target`, `content-type`, the scope of the signature). */
  matches(request: IncomingMessage): boolean
  /** The operation as AWS names it (`GetParameter`, `Publish`), for faults; `null` when the call has none. */
  operation?(request: IncomingMessage, body: Buffer): string | null
  /** What a fault's `key` is compared with: the parameter, the topic, the execution; `null` when there is none. */
  key?(request: IncomingMessage, body: Buffer): string | null
  handle(request: IncomingMessage, body: Buffer): Promise<Reply>
}
