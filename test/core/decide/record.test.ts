import { describe, expect, test } from 'vitest'
import { s3Objects } from '#aws/objects.ts'
import type { AlarmState } from '#core/decide/alarm.ts'
import { hearAlarm } from '#core/decide/alarms.ts'
import { concernedBy } from '#core/decide/decide.ts'
import { decideKeys } from '#core/decide/keys.ts'
import { type DecisionRecord, readDecisions, recordDecision } from '#core/decide/record.ts'
import { recordOf } from '#core/decide/record-of.ts'
import { createBucket, useEndpoints } from '#test/support/endpoints.ts'
import { planWith } from './plans.ts'

const current = useEndpoints()
let buckets = 0
const objects = async () => {
  const name = `decisions-${++buckets}`
  await createBucket(current().endpoints.url, name)
  return s3Objects(name)
}

const alarm = (more: Partial<AlarmState> = {}): AlarmState => ({
  name: 'vector-rollback-prod-small-slow',
  state: 'ALARM',
  at: '2026-11-21T03:00:00.000Z',
  reason: 'Threshold Crossed.',
  ...more,
})
const decision = async (
  done: Partial<DecisionRecord['done']> & Pick<DecisionRecord['done'], 'action'>,
  more: Partial<AlarmState> = {},
): Promise<DecisionRecord> => {
  const [concerned] = concernedBy([await planWith()], alarm(more), 'prod')
  if (!concerned) throw new Error('the small plan knows the alarm')
  const clock = { now: () => new Date('2026-11-21T03:00:01Z'), sleep: async () => undefined }
  return recordOf(
    concerned,
    alarm(more),
    null,
    { clock, environment: 'prod', autonomy: 'act' },
    { detail: '', ...done },
  )
}

describe('a decision', () => {
  test('is kept once for all copies of an event, and a failed one gives way to what came of it', async () => {
    const bucket = await objects()
    const kept = async () =>
      (await readDecisions(bucket, 'small', { from: new Date('2026-11-21'), to: new Date('2026-11-22') })).map(
        ({ done }) => done.action,
      )
    await recordDecision(bucket, await decision({ action: 'failed' }))
    expect(await kept()).toEqual(['failed'])
    await recordDecision(bucket, await decision({ action: 'started' }))
    await recordDecision(bucket, await decision({ action: 'joined' }))
    await recordDecision(bucket, await decision({ action: 'failed' }))
    expect(await kept()).toEqual(['started'])
  })

  test('is read by the time of its alarm, over midnight, in order, past what is no decision', async () => {
    const bucket = await objects()
    for (const at of ['2026-11-22T01:00:00.000Z', '2026-11-20T23:00:00.000Z', '2026-11-21T12:00:00.000Z'])
      await recordDecision(bucket, await decision({ action: 'none' }, { at }))
    await bucket.write(`${decideKeys.decisions('small', '2026-11-21')}T05:00:00.000Z-0.json`, '{}')
    const read = await readDecisions(bucket, 'small', {
      from: new Date('2026-11-20T22:00:00Z'),
      to: new Date('2026-11-21T12:00:00Z'),
    })
    expect(read.map(({ event }) => event.at)).toEqual(['2026-11-20T23:00:00.000Z', '2026-11-21T12:00:00.000Z'])
  })
})

describe('what was heard of the alarms of a plan', () => {
  test('is every signal in ALARM, also when six change at once', async () => {
    const bucket = await objects()
    const signals = Array.from({ length: 6 }, (_, i) => `signal-${i}`)
    await Promise.all(signals.map((signal) => hearAlarm(bucket, 'small', [signal], alarm({ name: signal }))))
    const over = alarm({ name: 'signal-0', state: 'OK', at: '2026-11-21T03:01:00.000Z' })
    expect((await hearAlarm(bucket, 'small', ['signal-0'], over)).sort()).toEqual(signals.slice(1))
  })

  test('is not undone by an older state that comes late', async () => {
    const bucket = await objects()
    await hearAlarm(bucket, 'small', ['cpu'], alarm({ at: '2026-11-21T03:00:00.000Z', state: 'OK' }))
    expect(await hearAlarm(bucket, 'small', ['cpu'], alarm({ at: '2026-11-21T02:59:00.000Z' }))).toEqual([])
    expect(await hearAlarm(bucket, 'small', ['cpu'], alarm({ at: '2026-11-21T03:01:00.000Z' }))).toEqual(['cpu'])
  })
})
