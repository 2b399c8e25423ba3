import { describe, expect, test } from 'vitest'
import { emfDocuments } from '#aws/metrics.ts'
import type { MetricValue } from '#core/ports.ts'
import { EmfDocument } from './emf-schema.ts'

const AT = new Date('2026-11-21T03:00:00.123Z')

const value = (name: string, values: readonly number[] = [1], more: Partial<MetricValue> = {}): MetricValue => ({
  ...{ namespace: 'VectorRollback', dimensions: { Environment: 'prod', Plan: 'small' }, unit: 'Count' },
  ...{ name, values, ...more },
})

/** Everything that CloudWatch would read out of the documents: `plan metric` → values. */
const readBack = (documents: readonly object[]): Record<string, number[]> => {
  const read: Record<string, number[]> = {}
  for (const each of documents) {
    const document = EmfDocument.parse(JSON.parse(JSON.stringify(each)))
    for (const { Metrics } of document._aws.CloudWatchMetrics)
      for (const { Name } of Metrics) {
        const key = `${document.Plan} ${Name}`
        read[key] = [...(read[key] ?? []), ...[document[Name] as number | number[]].flat()]
      }
  }
  return read
}

describe('metrics in the log', () => {
  test('are a document as CloudWatch asks for it', () => {
    const [document, ...more] = emfDocuments(AT, [
      value('longest-query', [12.5], { unit: 'Seconds' }),
      value('probe_duration', [3, 4], { unit: 'Milliseconds' }),
    ])
    expect(more).toEqual([])
    expect(EmfDocument.parse(document)).toEqual({
      _aws: {
        Timestamp: AT.getTime(),
        CloudWatchMetrics: [
          {
            Namespace: 'VectorRollback',
            Dimensions: [['Environment', 'Plan']],
            Metrics: [
              { Name: 'longest-query', Unit: 'Seconds' },
              { Name: 'probe_duration', Unit: 'Milliseconds' },
            ],
          },
        ],
      },
      ...{ Environment: 'prod', Plan: 'small' },
      'longest-query': 12.5,
      probe_duration: [3, 4],
    })
  })

  test('of several plans do not mix', () => {
    const other = value('connect_failed', [0], { dimensions: { Environment: 'prod', Plan: 'other' } })
    expect(readBack(emfDocuments(AT, [value('connect_failed'), other]))).toEqual({
      'small connect_failed': [1],
      'other connect_failed': [0],
    })
  })

  test('are all there, however many: a document takes a hundred of them, and a hundred values of one', () => {
    const many = Array.from({ length: 250 }, (_, i) => value(`m${i}`, [i]))
    const long = value(
      'probe_duration',
      Array.from({ length: 201 }, (_, i) => i),
    )
    const read = readBack(emfDocuments(AT, [...many, long]))
    expect(read['small probe_duration']).toEqual(long.values)
    expect(Object.keys(read)).toHaveLength(251)
    expect(read['small m249']).toEqual([249])
  })

  test('are none where there are none', () => {
    expect(emfDocuments(AT, [])).toEqual([])
  })
})
