import type { FaultyService } from './faults.ts'
import type { AnyReply } from './reply.ts'
import { codeOf } from './s3/errors.ts'

/** An error as the service itself would put it: S3 and SNS in XML, the others in JSON. */
export const faultReply = (service: FaultyService, status: number, code = nameOf(service, status)): AnyReply => {
  const message = 'This is a fault that was asked for.'
  if (service === 's3') return xml(status, `<Error><Code>${code}</Code><Message>${message}</Message></Error>`)
  if (service === 'sns') {
    const type = status < 500 ? 'Sender' : 'Receiver'
    const error = `<Error><Type>${type}</Type><Code>${code}</Code><Message>${message}</Message></Error>`
    return xml(status, `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">${error}</ErrorResponse>`)
  }
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-errortype': code }
  return { status, headers, body: JSON.stringify({ __type: code, message }) }
}

const nameOf = (service: FaultyService, status: number): string => {
  if (service === 's3') return codeOf(status)
  if (status === 403) return 'AccessDeniedException'
  if (status === 400 || status === 429) return 'ThrottlingException'
  return status === 503 ? 'ServiceUnavailable' : 'InternalServerError'
}

const xml = (status: number, body: string): AnyReply => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}`,
})
