import { expect, test } from 'vitest'
import { FaultRules } from '#local/endpoints/faults.ts'

const refuse = { status: 503 } as const

test('befalls the service, operation and key that it names, and no other', () => {
  const faults = new FaultRules()
  faults.add({ service: 's3', operation: 'PutObject', key: 'a/b', fault: refuse })
  expect(faults.take('s3', 'PutObject', 'a/b')).toBe(refuse)
  expect(faults.take('s3', 'PutObject', 'a/b/c')).toBeNull()
  expect(faults.take('s3', 'GetObject', 'a/b')).toBeNull()
  expect(faults.take('ssm', 'PutObject', 'a/b')).toBeNull()
  expect(faults.take('s3', 'PutObject', null)).toBeNull()
})

test('befalls every key that its pattern finds, each time', () => {
  const faults = new FaultRules()
  faults.add({ service: 's3', key: /^snapshots\/.*\.json$/g, fault: refuse })
  const taken = ['snapshots/a.json', 'snapshots/b.json', 'other.json'].map((key) => faults.take('s3', 'GetObject', key))
  expect(taken).toEqual([refuse, refuse, null])
})

test('is over after its number of times, and the next rule counts', () => {
  const faults = new FaultRules()
  faults.add({ service: 's3', times: 2, fault: refuse })
  faults.add({ service: 's3', times: 1, fault: { status: 500 } })
  const taken = [1, 2, 3, 4].map(() => faults.take('s3', 'GetObject', 'k'))
  expect(taken).toEqual([refuse, refuse, { status: 500 }, null])
})

test('is over when it is removed', () => {
  const faults = new FaultRules()
  const remove = faults.add({ service: 's3', fault: refuse })
  remove()
  expect(faults.take('s3', 'GetObject', 'k')).toBeNull()
})

test('a service that is down answers nothing until it is up, without using up its faults', () => {
  const faults = new FaultRules()
  faults.add({ service: 'ssm', times: 1, fault: refuse })
  faults.down('ssm')
  expect(faults.take('ssm', 'GetParameter', '/a')).toEqual({ reset: true })
  expect(faults.take('s3', 'GetObject', 'k')).toBeNull()
  faults.up('ssm')
  expect(faults.take('ssm', 'GetParameter', '/a')).toBe(refuse)
})
