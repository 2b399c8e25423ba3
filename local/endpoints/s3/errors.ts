import { element } from './xml.ts'

/** An answer that says no, with S3's own code. */
export class S3Error extends Error {
  override readonly name = 'S3Error'
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }

  toXml(resource: string): string {
    return element('Error', [
      element('Code', this.code),
      element('Message', this.message),
      element('Resource', resource),
      element('RequestId', 'local'),
    ])
  }
}

export const noSuchBucket = (bucket: string) =>
  new S3Error(404, 'NoSuchBucket', `The specified bucket does not exist: ${bucket}`)
export const noSuchKey = (key: string) => new S3Error(404, 'NoSuchKey', `The specified key does not exist: ${key}`)
export const noSuchUpload = (id: string) =>
  new S3Error(404, 'NoSuchUpload', `The upload ${id} does not exist: it was completed, aborted or never begun.`)
export const preconditionFailed = (condition: string) =>
  new S3Error(412, 'PreconditionFailed', `At least one of the pre-conditions you specified did not hold: ${condition}`)
export const badDigest = (header: string) =>
  new S3Error(400, 'BadDigest', `The ${header} you specified did not match what we received.`)
export const incompleteBody = (message: string) => new S3Error(400, 'IncompleteBody', message)
export const invalidArgument = (message: string) => new S3Error(400, 'InvalidArgument', message)
export const invalidRequest = (message: string) => new S3Error(400, 'InvalidRequest', message)
export const malformedXml = () =>
  new S3Error(400, 'MalformedXML', 'The XML you provided was not well-formed or did not validate.')
export const notImplemented = (what: string) =>
  new S3Error(501, 'NotImplemented', `These local endpoints do not know ${what}.`)

/** For faults: the code that S3 gives with a status. */
export const codeOf = (status: number): string =>
  ({ 403: 'AccessDenied', 404: 'NoSuchKey', 409: 'ConditionalRequestConflict', 412: 'PreconditionFailed' })[status] ??
  (status === 503 ? 'SlowDown' : 'InternalError')
