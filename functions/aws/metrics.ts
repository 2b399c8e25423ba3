import type { Metrics, MetricValue } from '#core/ports.ts'

/** Of metrics in a document, and of values of a metric in it. */
const MOST = 100

const slices = <T>(items: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(items.length / MOST) }, (_, i) => items.slice(i * MOST, (i + 1) * MOST))

type Properties = Readonly<Record<string, unknown>>

const document = (at: Date, values: readonly MetricValue[], properties: Properties): object => {
  const [{ namespace, dimensions } = { namespace: '', dimensions: {} }] = values
  return {
    ...properties,
    _aws: {
      Timestamp: at.getTime(),
      CloudWatchMetrics: [
        {
          Namespace: namespace,
          Dimensions: [Object.keys(dimensions)],
          Metrics: values.map(({ name, unit }) => ({ Name: name, Unit: unit })),
        },
      ],
    },
    ...dimensions,
    ...Object.fromEntries(
      values.map(({ name, values: [first, ...more] }) => [name, more.length ? [first, ...more] : first]),
    ),
  }
}

/**
 * Documents of CloudWatch's embedded metric format: one for what has the same namespace and dimensions, more where one
 * would have more than 100 metrics, or values of a metric.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export const emfDocuments = (at: Date, values: readonly MetricValue[], properties: Properties = {}): object[] => {
  const alike = Map.groupBy(values, ({ namespace, dimensions }) => JSON.stringify([namespace, dimensions]))
  return [...alike.values()].flatMap((group) => {
    const layers = Math.max(...group.map((metric) => Math.ceil(metric.values.length / MOST)))
    return Array.from({ length: layers }, (_, layer) =>
      group.flatMap((metric) => {
        const some = slices(metric.values)[layer]
        return some ? [{ ...metric, values: some }] : []
      }),
    ).flatMap((layer) => slices(layer).map((some) => document(at, some, properties)))
  })
}

/** The switch that Powertools has for the metrics of the functions themselves: a run on a laptop prints neither. */
const disabled = (): boolean => process.env.POWERTOOLS_METRICS_DISABLED === 'true'

/** Writes metrics to stdout, from where Lambda's log brings them to CloudWatch: a function in a VPC reaches it no other way. */
export const loggedMetrics = (): Metrics => ({
  publish: (at, values, properties) => {
    if (disabled()) return
    for (const each of emfDocuments(at, values, properties)) process.stdout.write(`${JSON.stringify(each)}\n`)
  },
})
