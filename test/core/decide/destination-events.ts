import type { Round } from '#core/probe/round.ts'

export interface Ended {
  readonly environment?: string
  readonly condition?: string
  readonly requestPayload?: unknown
  readonly responsePayload: unknown
}

/** https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html */
export const destination = ({
  environment = 'prod',
  condition = 'Success',
  requestPayload = {},
  responsePayload,
}: Ended) => ({
  version: '1.0',
  timestamp: '2026-11-21T03:00:09.568Z',
  requestContext: {
    requestId: 'e4b46cbf-b738-xmpl-8880-a18cdf61200e',
    functionArn: `arn:aws:lambda:us-east-1:444455556666:function:vector-rollback-${environment}-probe:$LATEST`,
    condition,
    approximateInvokeCount: 1,
  },
  requestPayload,
  ...(condition === 'EventAgeExceeded'
    ? {}
    : {
        responseContext: {
          statusCode: 200,
          executedVersion: '$LATEST',
          ...(condition === 'Success' ? {} : { functionError: 'Unhandled' }),
        },
      }),
  responsePayload,
})

type Result = Round['results'][number]

/** What one probe found: 7 rows above 0, if nothing else is said. */
export const result = (signal: string, more: Partial<Result> = {}): Result => ({
  signal,
  ...{ value: 7, unit: 'rows', limit: { above: 0 }, breached: true, ms: 3.2, error: null },
  ...more,
})

export const round = (results: readonly Result[], more: Partial<Round> = {}): Round => ({
  ...{ plan: 'small', at: '2026-11-21T03:00:07.000Z', connectFailed: false, error: null, results },
  ...more,
})
