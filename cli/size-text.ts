import { columns } from '#cli/snapshots/columns.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Size, SizePreview } from '#core/preview/size.ts'
import { size as bytes } from '#core/report/figures.ts'

const count = (value: number): string => Math.round(value).toLocaleString('en-US')

const duration = (seconds: number): string => {
  if (seconds < 90) return `${Math.ceil(seconds)} s`
  if (seconds < 5_400) return `${Math.ceil(seconds / 60)} min`
  return seconds < 172_800 ? `${(seconds / 3_600).toFixed(1)} h` : `${(seconds / 86_400).toFixed(1)} days`
}

const dollars = (value: number): string => (value < 0.01 ? 'less than $0.01' : `$${value.toFixed(2)}`)

/** What a table of that size would take, for people. */
export const sizeText = (plan: Plan, { rows, dims }: Size, preview: SizePreview): string => {
  const table = columns([
    ['data', `${bytes(preview.bytes)} in ${count(preview.parts)} parts, ${preview.concurrency} at a time`],
    ['snapshot', duration(preview.snapshotSeconds)],
    ['verify', duration(preview.verifySeconds)],
    ['compare', duration(preview.compareSeconds)],
    ['load', duration(preview.loadSeconds)],
    [
      'vector index',
      `${duration(preview.indexSeconds)}; its graph takes ${bytes(preview.indexMemoryBytes)}${preview.indexFitsMemory ? '' : ', more than the build gets: three times slower'}`,
    ],
    ['events of the history', `${count(preview.historyEvents)} of 25,000`],
    ['Lambda', `${count(preview.gigabyteSeconds)} GB-seconds, ${count(preview.lambdaRequests)} requests`],
    ['S3', `${count(preview.s3Requests)} requests`],
    ['Step Functions', `${count(preview.stateTransitions)} state transitions`],
    [
      'costs',
      `${dollars(preview.dollars.once)} once, ${dollars(preview.dollars.storedPerMonth)} a month for the snapshot`,
    ],
  ])
  return [
    `${plan.name}: ${count(rows)} rows of ${count(dims)} dimensions, snapshot and restore. Estimated; nothing was looked at.`,
    '',
    ...table,
    ...(preview.problems.length > 0 ? ['', 'Would not work:', ...preview.problems.map((one) => `- ${one}`)] : []),
  ].join('\n')
}
