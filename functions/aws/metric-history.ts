import { paginateGetMetricData } from '@aws-sdk/client-cloudwatch'
import type { Limits } from '#aws/clients.ts'
import { cloudwatchClient } from '#aws/cloudwatch-client.ts'
import { fromSdk } from '#aws/sdk-errors.ts'
import type { MetricHistory } from '#core/ports.ts'

/** What CloudWatch has of a metric. */
export const cloudwatchMetricHistory = (limits?: Limits): MetricHistory => ({
  async series({ namespace, name, dimensions }, statistic, { from, to }, periodSeconds) {
    const values: number[] = []
    try {
      const Metric = {
        Namespace: namespace,
        MetricName: name,
        Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
      }
      const request = {
        MetricDataQueries: [{ Id: 'series', MetricStat: { Metric, Period: periodSeconds, Stat: statistic } }],
        StartTime: from,
        EndTime: to,
        ScanBy: 'TimestampAscending' as const,
      }
      for await (const page of paginateGetMetricData({ client: cloudwatchClient(limits) }, request))
        values.push(...(page.MetricDataResults ?? []).flatMap(({ Values }) => Values ?? []))
    } catch (error) {
      const call = {
        doing: `Reading metric "${namespace}/${name}"`,
        action: 'cloudwatch:GetMetricData',
        unreachable: 'Metric.Unreadable',
        denied: 'Metric.Denied',
        rejected: 'Metric.Unreadable',
      } as const
      throw fromSdk(error, call, 'Correct namespace, name, dimensions and statistic in the plan.')
    }
    return values
  },
})
