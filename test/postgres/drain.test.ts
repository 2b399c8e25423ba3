import { expect, test } from 'vitest'
import { CANCEL, OPEN, useQueue } from '#test/postgres/queue-world.ts'
import { describePostgres } from '#test/support/database.ts'

const COUNT = `select count(*) filter (where status = 'pending') as pending,
  count(*) filter (where status = 'processing') as processing from public.tasks`
const MINUTE = 60_000
const INPUT = {
  count: 'sql/count.sql',
  within: 5 * MINUTE,
  // biome-ignore lint/suspicious/noThenProperty: data of a plan
  then: { capture: 'sql/open.sql', cancel: 'sql/cancel.sql' },
}

describePostgres('drain on a real server, as an owner that is no superuser', () => {
  const queue = useQueue()
  const { world } = queue
  const begin = (files: Record<string, string> = {}) => {
    Object.assign(world.files, { 'sql/count.sql': COUNT, 'sql/open.sql': OPEN, 'sql/cancel.sql': CANCEL }, files)
    const start = Date.now()
    /** So much later than the first look. */
    return (milliseconds: number) => {
      world.now = () => new Date(start + milliseconds)
    }
  }

  test('waits while something is open, says how much, and ends when nothing is', async () => {
    const after = begin()
    after(0)
    expect(await queue.drain(INPUT)).toEqual({
      changed: false,
      detail: 'open: pending 8, processing 4; pending 8, processing 4 at first; 300s left',
      waitSeconds: 5,
    })
    await world.admin.query(`update public.tasks set status = 'completed' where id <= 10`)
    after(2 * MINUTE)
    expect(await queue.drain(INPUT)).toEqual({
      changed: false,
      detail: 'open: pending 2, processing 0; pending 8, processing 4 at first; 180s left',
      waitSeconds: 30,
    })
    await world.admin.query(`update public.tasks set status = 'completed'`)
    after(3 * MINUTE)
    expect(await queue.drain(INPUT)).toEqual({
      changed: false,
      detail: 'empty after 180s: pending 8, processing 4 at first',
      waitSeconds: 0,
    })
    expect(await queue.keysOf()).toEqual([])
  })

  test('never waits past its time', async () => {
    const after = begin()
    after(0)
    await queue.drain(INPUT)
    after(5 * MINUTE - 2_000)
    expect(await queue.drain(INPUT)).toMatchObject({ waitSeconds: 2 })
  })

  test('after its time, what is left is captured and cancelled by its reason, and what was done stays done', async () => {
    const after = begin()
    after(0)
    await queue.drain(INPUT)
    await world.admin.query(`update public.tasks set status = 'completed' where id <= 9`)
    after(5 * MINUTE)
    const result = await queue.drain(INPUT)
    expect(result).toMatchObject({ changed: true, waitSeconds: 0 })
    expect(result.detail).toContain('pending 3, processing 0 still open after 5m, pending 8, processing 4 at first')
    expect(result.detail).toContain('sql/cancel.sql cancelled 3 rows captured as')
    expect(await queue.statuses()).toEqual(['completed 9', 'failed 3'])
    // The function was killed before it could say so.
    expect(await queue.drain(INPUT)).toMatchObject({ changed: false, waitSeconds: 0 })
    expect(await queue.keysOf()).toHaveLength(2)
  })

  test('cancels nothing that it could not capture before', async () => {
    const after = begin()
    after(0)
    await queue.drain(INPUT)
    after(5 * MINUTE)
    const heal = queue.faults().add({
      service: 's3',
      operation: 'PutObject',
      key: /captured\//,
      fault: { status: 403, code: 'AccessDenied' },
    })
    await expect(queue.drain(INPUT)).rejects.toMatchObject({ name: 'Bucket.Denied' })
    heal()
    expect(await queue.statuses()).toEqual(['pending 8', 'processing 4'])
  })

  test('is not done as long as somebody goes on to add', async () => {
    const after = begin()
    after(0)
    await queue.drain(INPUT)
    after(5 * MINUTE)
    const add = () => world.admin.query(`insert into public.tasks (id, status) values (13, 'pending')`)
    await expect(queue.drain(INPUT, queue.after(/captured\/.*capture\.json$/, add))).rejects.toMatchObject({
      name: 'Drain.NotEmpty',
      message: expect.stringContaining('pending 1, processing 0 are open again'),
    })
    expect(await queue.statuses()).toEqual(['failed 12', 'pending 1'])
  })

  test('without a way to cancel, what is still open after its time is for people', async () => {
    const after = begin()
    after(0)
    const { count, within } = INPUT
    await queue.drain({ count, within })
    after(5 * MINUTE)
    await expect(queue.drain({ count, within })).rejects.toMatchObject({
      name: 'Drain.NotEmpty',
      message: expect.stringContaining('pending 8, processing 4 still open after 5m'),
    })
    expect(await queue.statuses()).toEqual(['pending 8', 'processing 4'])
  })

  test.each([
    ['select 1 as pending where false'],
    ["select 'many' as pending"],
    ['select -1 as pending'],
    ['select null::int as pending'],
    ['select generate_series(0, 1) as pending'],
  ])('a count that does not count is no empty queue: %s', async (count) => {
    begin({ 'sql/count.sql': count })
    await expect(queue.drain(INPUT)).rejects.toMatchObject({ name: 'Drain.NotCounted' })
  })
})
