import type { Bucket } from './bucket.ts'
import type { S3Reply } from './reply.ts'
import type { S3Request } from './request.ts'

export interface S3Call {
  readonly request: S3Request
  readonly bucket: Bucket
  now(): Date
}

export type S3Operation = (call: S3Call) => Promise<S3Reply>
