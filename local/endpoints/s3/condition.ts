import type { IncomingHttpHeaders } from 'node:http'
import { noSuchKey, notImplemented, preconditionFailed } from './errors.ts'
import { header } from './request.ts'
import type { StoredObject } from './stored-object.ts'

/** What must hold of the object that a write is to replace. */
export type Condition = (key: string, there: StoredObject | undefined) => void

/** If-None-Match: * (412 when there is one) and If-Match (404 when there is none, 412 when it is another). */
export const conditionOf = (headers: IncomingHttpHeaders): Condition => {
  const ifNoneMatch = header(headers, 'if-none-match')
  const ifMatch = header(headers, 'if-match')
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*') throw notImplemented('If-None-Match of a write but with *')
  return (key, there) => {
    if (ifNoneMatch !== undefined && there !== undefined) throw preconditionFailed('If-None-Match')
    if (ifMatch === undefined) return
    if (there === undefined) throw noSuchKey(key)
    if (unquoted(ifMatch) !== unquoted(there.etag)) throw preconditionFailed('If-Match')
  }
}

export const unquoted = (etag: string): string => etag.replaceAll('"', '')
