import type { Readable } from 'node:stream'
import { S3Error } from './errors.ts'

export interface S3Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Readable
}

export const xmlReply = (body: string, headers: Record<string, string> = {}): S3Reply => ({
  status: 200,
  headers: { 'content-type': 'application/xml', ...headers },
  body,
})

export const emptyReply = (headers: Record<string, string> = {}, status = 200): S3Reply => ({
  status,
  headers,
  body: '',
})

export const errorReply = (error: unknown, resource: string): S3Reply => {
  const known = error instanceof S3Error ? error : new S3Error(500, 'InternalError', String(error))
  const xml = `<?xml version="1.0" encoding="UTF-8"?>\n${known.toXml(resource)}`
  return { ...xmlReply(xml), status: known.status }
}
