import { z } from 'zod'

/**
 * The JSON Schema of CloudWatch's embedded metric format, and the rules that stand beside it in words:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
const UNITS =
  'Seconds Microseconds Milliseconds Bytes Kilobytes Megabytes Gigabytes Terabytes Bits Kilobits Megabits Gigabits Terabits Percent Count Bytes/Second Kilobytes/Second Megabytes/Second Gigabytes/Second Terabytes/Second Bits/Second Kilobits/Second Megabits/Second Gigabits/Second Terabits/Second Count/Second None'.split(
    ' ',
  )

const Directive = z.strictObject({
  Namespace: z.string().min(1).max(1024),
  Dimensions: z.array(z.array(z.string().min(1).max(250)).max(30)).min(1),
  Metrics: z
    .array(
      z.strictObject({
        Name: z.string().min(1).max(1024),
        Unit: z.enum(UNITS).optional(),
        StorageResolution: z.union([z.literal(1), z.literal(60)]).optional(),
      }),
    )
    .min(1)
    .max(100),
})

const Value = z
  .number()
  .min(-(2 ** 360))
  .max(2 ** 360)
const Target = z.union([Value, z.array(Value).min(1).max(100)])

export const EmfDocument = z
  .looseObject({
    _aws: z.strictObject({ Timestamp: z.int().positive(), CloudWatchMetrics: z.array(Directive) }),
  })
  .superRefine((root, context) => {
    const complain = (message: string) => context.addIssue({ code: 'custom', message })
    if (JSON.stringify(root).length > 256 * 1024) complain('a log event has at most 256 KB')
    for (const { Dimensions, Metrics } of root._aws.CloudWatchMetrics) {
      for (const key of Dimensions.flat())
        if (!z.string().min(1).max(1024).safeParse(root[key]).success) complain(`dimension ${key} has no value`)
      for (const { Name } of Metrics) if (!Target.safeParse(root[Name]).success) complain(`metric ${Name} has no value`)
      const names = Metrics.map(({ Name }) => Name)
      if (new Set(names).size !== names.length) complain('a metric is named twice')
    }
  })
export type EmfDocument = z.output<typeof EmfDocument>
