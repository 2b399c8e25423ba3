import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readAlarm } from '#core/decide/alarm.ts'
import { compositeAlarm, contributorAlarm, eventBridge, lambdaAction } from './alarm-events.ts'

const AT = '2026-11-21T03:00:00.123Z'

describe('an alarm event', () => {
  test.each([
    ['the Lambda action of CloudWatch', lambdaAction],
    ['EventBridge', eventBridge],
  ])('is read as %s brings it', (_, form) => {
    expect(readAlarm(form({ name: 'slow', reason: 'Threshold Crossed.' }))).toEqual({
      name: 'slow',
      state: 'ALARM',
      at: AT,
      reason: 'Threshold Crossed.',
    })
  })

  test('is the same alarm by either way', () => {
    expect(readAlarm(lambdaAction({ name: 'slow' }))).toEqual(readAlarm(eventBridge({ name: 'slow' })))
  })

  test.each(['OK', 'INSUFFICIENT_DATA'] as const)('says %s when it is', (value) => {
    for (const form of [lambdaAction, eventBridge]) expect(readAlarm(form({ name: 'slow', value }))?.state).toBe(value)
  })

  test('of many time series is read without a reason', () => {
    expect(readAlarm(contributorAlarm('slow'))).toEqual({
      name: 'slow',
      state: 'ALARM',
      at: AT,
      reason: 'CloudWatch gave no reason.',
    })
  })

  test.each([null, ''])('whose reason is %j is read', (reason) => {
    const event = lambdaAction({ name: 'slow' })
    const { alarmData } = event
    const read = readAlarm({ ...event, alarmData: { ...alarmData, state: { ...alarmData.state, reason } } })
    expect(read?.reason).toBe('CloudWatch gave no reason.')
  })

  test('of other alarms (composite) is read, suppressed or not', () => {
    expect(readAlarm(compositeAlarm('both'))).toMatchObject({ name: 'both', state: 'ALARM', at: AT })
  })

  test.each([
    '2026-11-21T03:00:00.123+0000',
    '2026-11-21T03:00:00.123Z',
    '2026-11-21T05:00:00.123+0200',
  ])('tells its time in one form: %s', (timestamp) => {
    expect(readAlarm(lambdaAction({ name: 'slow', timestamp }))?.at).toBe(AT)
  })

  test.each([
    '',
    'yesterday 1',
    '2026',
    '21/11/2026',
    '2026-11-21T99:00:00Z',
  ])('whose time is "%s" is no alarm: copies of it could not be told apart', (timestamp) => {
    expect(readAlarm(lambdaAction({ name: 'slow', timestamp }))).toBeNull()
  })
})

describe('what is no alarm event is not read as one', () => {
  const { alarmData, ...rest } = lambdaAction({ name: 'slow' })
  const { detail, ...envelope } = eventBridge({ name: 'slow' })
  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['text', JSON.stringify(lambdaAction({ name: 'slow' }))],
    ['a list', [lambdaAction({ name: 'slow' })]],
    ['no alarm data', rest],
    ['no detail', envelope],
    ['another source', { ...rest, source: 'aws.ec2', alarmData }],
    ['another detail type', { ...envelope, 'detail-type': 'CloudWatch Alarm Configuration Change', detail }],
    ['no name', { ...rest, alarmData: { ...alarmData, alarmName: '' } }],
    ['no state', { ...rest, alarmData: { ...alarmData, state: undefined } }],
    ['an unknown state', lambdaAction({ name: 'slow', value: 'SUPPRESSED' })],
    ['a state in lower case', lambdaAction({ name: 'slow', value: 'alarm' })],
  ])('%s', (_, event) => {
    expect(readAlarm(event)).toBeNull()
  })

  test('anything at all, without an error', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true }), (event) => {
        expect(readAlarm(event)).toBeNull()
      }),
    )
  })
})
