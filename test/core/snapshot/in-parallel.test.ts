import { expect, test } from 'vitest'
import { inParallel } from '#core/snapshot/in-parallel.ts'

test('keeps the order of the items, and never has more under way than allowed', async () => {
  let running = 0
  let most = 0
  const results = await inParallel([...Array(20).keys()], 3, async (item) => {
    running += 1
    most = Math.max(most, running)
    for (let i = 0; i < 20 - item; i += 1) await Promise.resolve()
    running -= 1
    return item * 2
  })
  expect(results).toEqual([...Array(20).keys()].map((item) => item * 2))
  expect(most).toBe(3)
})

test('after the first error nothing is begun', async () => {
  const begun: number[] = []
  const work = async (item: number) => {
    begun.push(item)
    await Promise.resolve()
    if (item === 1) throw new Error('one')
  }
  await expect(inParallel([0, 1, 2, 3, 4, 5], 2, work)).rejects.toThrow('one')
  for (let i = 0; i < 20; i += 1) await Promise.resolve()
  expect(begun).toEqual([0, 1, 2])
})

test('waits for what is under way before it fails, so that nothing goes on behind its back', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const ended: number[] = []
  const failing = inParallel([0, 1], 2, async (item) => {
    if (item === 1) throw new Error('one')
    await promise
    ended.push(item)
  }).catch((error: unknown) => {
    expect(ended).toEqual([0])
    return String(error)
  })
  for (let i = 0; i < 20; i += 1) await Promise.resolve()
  resolve()
  expect(await failing).toBe('Error: one')
})
