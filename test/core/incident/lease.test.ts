import { describe, expect, test } from 'vitest'
import { type Claim, releaseLease, requireLease } from '#core/incident/lease.ts'
import { readJson } from '#core/json.ts'
import type { Clock, Objects } from '#core/ports.ts'
import { realClock } from '#test/support/clock.ts'
import { leaseWorld, PLAN, runOf } from './world.ts'

const many = (count: number) => Array.from({ length: count }, (_, i) => `incident-${i + 1}`)
const held = (claims: readonly Claim[]) => claims.flatMap((claim) => (claim.held ? [claim] : []))

/** Does not wait, and counts how often it was to. */
const hasty = (): Clock & { pauses: number } => {
  const clock = {
    pauses: 0,
    now: () => new Date('2026-11-21T03:00:00Z'),
    sleep: async () => {
      clock.pauses += 1
    },
  }
  return clock
}

describe('the lease of a plan', () => {
  test('is held by exactly one of twenty that claim it at once, and the others are told by whom', async () => {
    const { begin, claim, objects } = await leaseWorld()
    const claimants = await Promise.all(many(20).map(begin))
    const claims = await Promise.all(claimants.map((claimant) => claim(claimant)))
    const [holder, ...more] = held(claims)
    expect(more).toEqual([])
    expect(holder).toMatchObject({ lease: { epoch: 1, released: false }, tookOver: null })
    for (const other of claims) if (!other.held) expect(other.by).toEqual(holder?.lease)
    expect((await readJson(objects, `leases/${PLAN}.json`))?.value).toEqual(holder?.lease)
  })

  test('is joined, not taken, while the execution of its holder runs', async () => {
    const { begin, claim } = await leaseWorld()
    const first = await begin('first')
    await claim(first)
    expect(await claim(await begin('second'))).toMatchObject({ held: false, by: { incident: 'first', epoch: 1 } })
  })

  test('is the same for its holder when it is claimed once more', async () => {
    const { begin, claim } = await leaseWorld()
    const first = await begin('first')
    const claimed = await claim(first)
    expect(await claim(first)).toEqual(claimed)
  })

  test('goes on in the next epoch once it is given back', async () => {
    const { begin, claim, objects } = await leaseWorld()
    const first = await begin('first')
    await claim(first)
    await releaseLease(runOf(first, 1), { objects, clock: realClock })
    expect(await claim(await begin('second'))).toMatchObject({
      held: true,
      lease: { epoch: 2, incident: 'second' },
      tookOver: null,
    })
  })

  test('is claimed anew, in the next epoch, by the same incident after it gave it back', async () => {
    const { begin, claim, objects } = await leaseWorld()
    const first = await begin('first')
    await claim(first)
    await releaseLease(runOf(first, 1), { objects, clock: realClock })
    expect(await claim(first)).toMatchObject({ held: true, lease: { epoch: 2, released: false } })
  })

  test('is taken over by exactly one of twenty when the execution of its holder has ended', async () => {
    const { begin, end, claim } = await leaseWorld()
    const dead = await begin('dead')
    await claim(dead)
    await end(dead)
    const claimants = await Promise.all(many(20).map(begin))
    const claims = await Promise.all(claimants.map((claimant) => claim(claimant)))
    expect(held(claims)).toMatchObject([{ lease: { epoch: 2 }, tookOver: { incident: 'dead', epoch: 1 } }])
  })

  test('is not taken when it cannot be told whether its holder lives', async () => {
    const { begin, claim, faults, objects } = await leaseWorld()
    const first = await begin('first')
    const second = await begin('second')
    await claim(first)
    faults.down('states')
    await expect(claim(second)).rejects.toMatchObject({ name: 'StateMachine.Unreachable' })
    await requireLease(runOf(first, 1), objects)
  })
})

const conflict = {
  service: 's3',
  operation: 'PutObject',
  fault: { status: 409, code: 'ConditionalRequestConflict' },
} as const

describe('a bucket that refuses conditional writes', () => {
  test('a few times is asked again', async () => {
    const { begin, claim, faults } = await leaseWorld()
    faults.add({ ...conflict, times: 3 })
    expect(await claim(await begin('first'), hasty())).toMatchObject({ held: true, lease: { epoch: 1 } })
  })

  test('again and again ends the claim, with a pause before each try but the first', async () => {
    const { begin, claim, faults } = await leaseWorld()
    faults.add(conflict)
    const clock = hasty()
    await expect(claim(await begin('first'), clock)).rejects.toMatchObject({
      name: 'Lease.Contended',
      category: 'busy',
      message: expect.stringContaining('"first"'),
    })
    expect(clock.pauses).toBe(9)
  })
})

describe('a lease that is given back', () => {
  test('is given back although the bucket refuses conditional writes a few times (409)', async () => {
    const { begin, claim, objects, faults } = await leaseWorld()
    const first = await begin('first')
    await claim(first)
    faults.add({ ...conflict, times: 3 })
    const clock = hasty()
    await releaseLease(runOf(first, 1), { objects, clock })
    expect(clock.pauses).toBe(3)
    expect((await readJson(objects, `leases/${PLAN}.json`))?.value).toMatchObject({ epoch: 1, released: true })
  })

  test('and that the bucket never lets go stays claimed, until its execution has ended and another one takes it over', async () => {
    const { begin, end, claim, objects, faults } = await leaseWorld()
    const first = await begin('first')
    await claim(first)
    faults.add({ ...conflict, times: 10 })
    await releaseLease(runOf(first, 1), { objects, clock: hasty() })
    const second = await begin('second')
    expect(await claim(second)).toMatchObject({ held: false, by: { incident: 'first' } })
    await end(first)
    expect(await claim(second)).toMatchObject({ held: true, lease: { epoch: 2 }, tookOver: { incident: 'first' } })
  })

  test('while another run takes it over stays with that run (412)', async () => {
    const { begin, end, claim, objects } = await leaseWorld()
    const first = await begin('first')
    await claim(first)
    await end(first)
    const second = await begin('second')
    // Between the look and the write of the one that gives it back.
    const between = {
      ...objects,
      write: async (...args: Parameters<Objects['write']>) => {
        await claim(second)
        return objects.write(...args)
      },
    }
    await releaseLease(runOf(first, 1), { objects: between, clock: realClock })
    await requireLease(runOf(second, 2), objects)
  })
})

describe('a holder', () => {
  test('may go on while it holds the lease', async () => {
    const { begin, claim, objects } = await leaseWorld()
    const first = await begin('first')
    await claim(first)
    await expect(requireLease(runOf(first, 1), objects)).resolves.toBeUndefined()
  })

  test('that was taken over may not go on, and is told who has it', async () => {
    const { begin, end, claim, objects } = await leaseWorld()
    const first = await begin('first')
    await claim(first)
    await end(first)
    const second = await begin('second')
    await claim(second)
    await expect(requireLease(runOf(first, 1), objects)).rejects.toMatchObject({
      name: 'Lease.Lost',
      category: 'busy',
      message: expect.stringContaining('"second" at epoch 2'),
    })
    await requireLease(runOf(second, 2), objects)
  })

  test('that was taken over leaves the lease alone when it gives its own back', async () => {
    const { begin, end, claim, objects } = await leaseWorld()
    const first = await begin('first')
    await claim(first)
    await end(first)
    const second = await begin('second')
    await claim(second)
    await releaseLease(runOf(first, 1), { objects, clock: realClock })
    await requireLease(runOf(second, 2), objects)
    expect(await claim(await begin('third'))).toMatchObject({ held: false, by: { incident: 'second' } })
  })

  test('of an earlier epoch of the same incident leaves the lease alone, and may not go on', async () => {
    const { begin, claim, objects } = await leaseWorld()
    const first = await begin('first')
    await claim(first)
    await releaseLease(runOf(first, 1), { objects, clock: realClock })
    await claim(first)
    await releaseLease(runOf(first, 1), { objects, clock: realClock })
    await requireLease(runOf(first, 2), objects)
    await expect(requireLease(runOf(first, 1), objects)).rejects.toMatchObject({ name: 'Lease.Lost' })
  })

  test('that gave the lease back may not go on', async () => {
    const { begin, claim, objects } = await leaseWorld()
    const first = await begin('first')
    await claim(first)
    await releaseLease(runOf(first, 1), { objects, clock: realClock })
    await expect(requireLease(runOf(first, 1), objects)).rejects.toMatchObject({ name: 'Lease.Lost' })
  })

  test('without any lease may not go on, nor give one back', async () => {
    const { begin, objects } = await leaseWorld()
    const first = await begin('first')
    await expect(requireLease(runOf(first, 1), objects)).rejects.toMatchObject({
      name: 'Lease.Lost',
      message: expect.stringContaining('the lease says nothing'),
    })
    await releaseLease(runOf(first, 1), { objects, clock: realClock })
    expect(await objects.head(`leases/${PLAN}.json`)).toBeNull()
  })
})
