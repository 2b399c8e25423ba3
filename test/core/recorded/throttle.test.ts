import { describe, expect, test } from 'vitest'
import { openReliefs } from '#core/relief/relief.ts'
import { configWorld, withSteps } from './world.ts'

const STEP = 'throttle: { set: { "/app/{env}/RATE": "10", "/app/{env}/BATCH": "1" } }'
const BACK = 'throttle: { back: ["/app/{env}/RATE", "/app/{env}/BATCH"] }'
const set = { set: { '/app/{env}/RATE': '10', '/app/{env}/BATCH': '1' } }
const back = { back: ['/app/{env}/RATE', '/app/{env}/BATCH'] }

const start = async () => {
  const world = await configWorld(withSteps([STEP, BACK]), {
    ssm: { '/app/test/RATE': '500', '/app/test/BATCH': '64' },
  })
  const values = async () => [await world.value('/app/test/RATE'), await world.value('/app/test/BATCH')]
  const refuseWrites = () =>
    world.stack.faults.add({
      service: 'ssm',
      operation: 'PutParameter',
      fault: { status: 400, code: 'TooManyUpdates' },
    })
  return { ...world, values, refuseWrites }
}

describe('a throttle', () => {
  test('sets the values of the plan, keeps the earlier ones before that, and reads them back (DEF-34)', async () => {
    const world = await start()
    const { changed, detail } = await world.step(await world.begin('one'), 'throttle', set)
    expect([changed, await world.values()]).toEqual([true, ['10', '1']])
    expect(detail).toBe('/app/test/RATE from "500" to "10"; /app/test/BATCH from "64" to "1"')
    expect(await world.bucket('relief/small/throttle/')).toHaveLength(2)
  })

  test('is put back by a later run, which need not be of the same incident', async () => {
    const world = await start()
    await world.step(await world.begin('one'), 'throttle', set)
    const { changed, detail } = await world.step(await world.begin('two'), 'throttle', back)
    expect([changed, await world.values()]).toEqual([true, ['500', '64']])
    expect(detail).toContain('/app/test/RATE from "10" back to "500"')
  })

  test('that two incidents set is put back to what was there before the first', async () => {
    const world = await start()
    await world.step(await world.begin('one'), 'throttle', set)
    await world.step(await world.begin('two'), 'throttle', { set: { '/app/{env}/RATE': '2' } })
    await world.step(await world.begin('three'), 'throttle', set)
    await world.step(await world.begin('four'), 'throttle', back)
    expect(await world.values()).toEqual(['500', '64'])
  })

  test('and its end can be run twice, and begun anew after that', async () => {
    const world = await start()
    const run = await world.begin('one')
    await world.step(run, 'throttle', set)
    expect((await world.step(run, 'throttle', set)).changed).toBe(false)
    await world.step(run, 'throttle', back)
    expect((await world.step(run, 'throttle', back)).changed).toBe(false)
    await world.step(run, 'throttle', set)
    expect(await world.values()).toEqual(['10', '1'])
    await world.step(run, 'throttle', back)
    expect(await world.values()).toEqual(['500', '64'])
  })

  test('that was killed after it had kept a value, and before it wrote it, changes nothing at its end', async () => {
    const world = await start()
    const run = await world.begin('one')
    const mend = world.refuseWrites()
    for (let call = 0; call < 2; call += 1)
      await expect(world.step(run, 'throttle', set)).rejects.toMatchObject({ errorType: 'Parameter.NotWritten' })
    expect(await world.bucket('relief/')).toHaveLength(2)
    mend()
    expect((await world.step(run, 'throttle', back)).changed).toBe(false)
    expect(await world.values()).toEqual(['500', '64'])
    await world.step(run, 'throttle', set)
    await world.step(run, 'throttle', back)
    expect(await world.values()).toEqual(['500', '64'])
  })

  test('goes back to what somebody set between a call that was killed and the next one', async () => {
    const world = await start()
    const run = await world.begin('one')
    const mend = world.refuseWrites()
    await expect(world.step(run, 'throttle', set)).rejects.toMatchObject({ errorType: 'Parameter.NotWritten' })
    mend()
    await world.load({ ssm: { '/app/test/RATE': '77' } })
    await world.step(run, 'throttle', set)
    await world.step(run, 'throttle', back)
    expect(await world.values()).toEqual(['77', '64'])
  })

  test('that was put back by a call that was killed is over with the next one, which says so', async () => {
    const world = await start()
    const run = await world.begin('one')
    await world.step(run, 'throttle', set)
    await world.load({ ssm: { '/app/test/RATE': '500' } })
    const { changed, detail } = await world.step(run, 'throttle', back)
    expect(changed).toBe(true)
    expect(detail).toContain('/app/test/RATE is "500" again')
    expect(await openReliefs(world.stack.objects, 'small')).toEqual([])
  })

  test('is not over until what was put back is read so: a retry finds it', async () => {
    const world = await start()
    const run = await world.begin('one')
    await world.step(run, 'throttle', set)
    // The first reading is of what there is; those after it are of what was written.
    world.stack.faults.add({ service: 'ssm', operation: 'GetParameters', times: 1, fault: { delay: 0 } })
    const fault = { status: 400, code: 'InvalidKeyId' }
    const mend = world.stack.faults.add({ service: 'ssm', operation: 'GetParameters', fault })
    await expect(world.step(run, 'throttle', back)).rejects.toMatchObject({ errorType: 'Parameter.Unreadable' })
    mend()
    expect(await openReliefs(world.stack.objects, 'small')).toHaveLength(2)
    await world.step(run, 'throttle', back)
    expect([await world.values(), await openReliefs(world.stack.objects, 'small')]).toEqual([['500', '64'], []])
  })

  test('leaves a value alone that somebody has set since', async () => {
    const world = await start()
    const run = await world.begin('one')
    await world.step(run, 'throttle', set)
    await world.load({ ssm: { '/app/test/RATE': '77' } })
    const { detail } = await world.step(run, 'throttle', back)
    expect(await world.values()).toEqual(['77', '64'])
    expect(detail).toContain('/app/test/RATE is "77", which no throttle has set: left alone')
  })

  test.each([
    ['a parameter that is not there: it could not be put back', 'Throttle.NoParameter', null],
    ['a secret', 'Throttle.Secret', { secret: 'made-up' }],
  ])('is refused for %s, and sets none of the others', async (_what, error, batch) => {
    const world = await start()
    await world.load({ ssm: { '/app/test/BATCH': batch } })
    await expect(world.step(await world.begin('one'), 'throttle', set)).rejects.toMatchObject({ errorType: error })
    expect(await world.value('/app/test/RATE')).toBe('500')
  })
})
