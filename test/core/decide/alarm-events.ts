/** Alarm events in the forms that the AWS documentation shows. */

export interface Told {
  readonly name: string
  readonly value?: string
  /** As CloudWatch writes it: `2026-11-21T03:00:00.123+0000`. */
  readonly timestamp?: string
  readonly reason?: string
}

const TIMESTAMP = '2026-11-21T03:00:00.123+0000'
const REASON = 'Threshold Crossed: 2 out of the last 2 datapoints were greater than the threshold (30.0).'

const stateOf = ({ value = 'ALARM', timestamp = TIMESTAMP, reason = REASON }: Told) => ({
  value,
  reason,
  reasonData: JSON.stringify({ version: '1.0', queryDate: timestamp, statistic: 'Maximum', period: 60, threshold: 30 }),
  timestamp,
})

const previousState = {
  value: 'OK',
  reason: 'Threshold Crossed: 1 datapoint was not greater than the threshold (30.0).',
  reasonData: '{"version":"1.0"}',
  timestamp: '2026-11-21T01:00:00.000+0000',
}

const configuration = {
  description: 'A query on the vector tables runs for too long.',
  metrics: [
    {
      id: '1234e046-06f0-a3da-9534-EXAMPLEe4c',
      metricStat: {
        metric: { namespace: 'PgvectorSearch', name: 'LongestQuery', dimensions: { Environment: 'test' } },
        period: 60,
        stat: 'Maximum',
        unit: 'Seconds',
      },
      returnData: true,
    },
  ],
}

const arnOf = (name: string) => `arn:aws:cloudwatch:us-east-1:444455556666:alarm:${name}`

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html */
export const lambdaAction = (told: Told) => ({
  source: 'aws.cloudwatch',
  alarmArn: arnOf(told.name),
  accountId: '444455556666',
  time: told.timestamp ?? TIMESTAMP,
  region: 'us-east-1',
  alarmData: { alarmName: told.name, state: stateOf(told), previousState, configuration },
})

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html */
export const eventBridge = (told: Told) => ({
  version: '0',
  id: 'c4c1c1c9-6542-e61b-6ef0-8c4d36933a92',
  'detail-type': 'CloudWatch Alarm State Change',
  source: 'aws.cloudwatch',
  account: '444455556666',
  time: '2026-11-21T03:00:00Z',
  region: 'us-east-1',
  resources: [arnOf(told.name)],
  detail: { alarmName: told.name, state: stateOf(told), previousState, configuration },
})

const { reason: _, reasonData: __, ...bare } = stateOf({ name: '' })

/** An alarm on many time series: its state comes without a reason, the contributor that went off beside it. */
export const contributorAlarm = (name: string) => ({
  ...lambdaAction({ name }),
  alarmData: {
    alarmName: name,
    state: bare,
    alarmContributor: { id: '9d2a8b7c6e5f4a3b', attributes: { InstanceId: 'i-12345678' } },
    configuration,
  },
})

/** A composite alarm names the alarm that triggered it in its reason data, and may be suppressed by another. */
export const compositeAlarm = (name: string) => ({
  ...eventBridge({ name }),
  detail: {
    alarmName: name,
    state: {
      ...stateOf({ name, reason: `${arnOf('cpu')} transitioned to ALARM at Saturday 21 November, 2026 03:00:00 UTC` }),
      actionsSuppressedBy: 'WaitPeriod',
      actionsSuppressedReason: 'Actions suppressed by WaitPeriod',
    },
    previousState,
    configuration: { alarmRule: 'ALARM(cpu) AND ALARM(latency)', actionsSuppressor: 'deploy', description: 'Both.' },
  },
})
