/** An alarm that goes off, as CloudWatch calls a function with it. */
export const alarmEvent = (name: string, at: Date) => ({
  source: 'aws.cloudwatch',
  alarmData: { alarmName: name, state: { value: 'ALARM', reason: 'benchmark', timestamp: at.toISOString() } },
})
