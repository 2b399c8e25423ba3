import { expect, test } from 'vitest'
import { writeJson } from '#core/json.ts'
import type { Objects } from '#core/ports.ts'
import { CANCEL, OPEN, useQueue } from '#test/postgres/queue-world.ts'
import { describePostgres } from '#test/support/database.ts'

const INPUT = { file: 'sql/cancel.sql', capture: 'sql/open.sql' }
const CAPTURED = /captured\/.*capture\.json$/

describePostgres('run-sql with a capture, on a real server, as an owner that is no superuser', () => {
  const queue = useQueue()
  const { world } = queue
  const withFiles = (files: Record<string, string> = {}) =>
    Object.assign(world.files, { 'sql/cancel.sql': CANCEL, 'sql/open.sql': OPEN }, files)
  const record = async () => {
    const [key = ''] = (await queue.keysOf()).filter((name) => name.endsWith('capture.json'))
    const found = await world.objects.read(`evidence/${world.run.incident}/captured/${key}`)
    return JSON.parse(Buffer.from(found?.body ?? []).toString('utf8'))
  }

  test('the rows are in the evidence, whole and by count and digest, and they are the ones that changed', async () => {
    withFiles()
    const before = await queue.rows('tasks')
    const result = await queue.runSql(INPUT)
    expect(result).toMatchObject({ changed: true, waitSeconds: 0 })
    const { rows, digest, parts, file } = await record()
    expect([rows, file, parts.length]).toEqual([12, 'sql/open.sql', 1])
    expect(result.detail).toContain(`12 rows captured as evidence/${world.run.incident}/captured/sql/open.sql/`)
    expect(result.detail).toContain(digest)
    expect(await queue.statuses()).toEqual(['failed 12'])
    // What was captured gives back every row, byte by byte.
    const lines = await queue.textOf(`sql/open.sql/${digest}-12/00001.jsonl`)
    await (await queue.connect('setup')).query('create table public.back (like public.tasks)')
    await world.admin.query('insert into public.back select * from json_populate_recordset(null::public.back, $1)', [
      `[${lines.trimEnd().replaceAll('\n', ',')}]`,
    ])
    const back = await world.admin.query<{ row: string }>('select b::text as row from public.back b order by id')
    // A newline between the values of a json becomes a space: one row is one line.
    expect(back.rows.map(({ row }) => row)).toEqual(before.map((row) => row.replace('\n', ' ')))
  })

  test('an upload that fails leaves every row as it was', async () => {
    withFiles()
    const before = await queue.rows('tasks')
    for (const key of [/\.jsonl$/, CAPTURED]) {
      const fault = { status: 403, code: 'AccessDenied' }
      const heal = queue.faults().add({ service: 's3', operation: 'PutObject', key, fault })
      await expect(queue.runSql(INPUT)).rejects.toMatchObject({ name: 'Bucket.Denied' })
      heal()
      expect(await queue.rows('tasks')).toEqual(before)
    }
  })

  test('killed between the upload and the change: nothing changed, and the next run finds its capture', async () => {
    withFiles()
    const before = await queue.rows('tasks')
    const kill = () =>
      world.admin.query(`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name like '%:run-sql'`)
    await expect(queue.runSql(INPUT, queue.after(CAPTURED, kill))).rejects.toMatchObject({
      name: 'Postgres.AdminShutdown',
    })
    expect(await queue.rows('tasks')).toEqual(before)
    const kept = await queue.keysOf()
    const writes: string[] = []
    const watched: Objects = {
      ...world.objects,
      write: (...call) => {
        writes.push(call[0])
        return world.objects.write(...call)
      },
    }
    expect(await queue.runSql(INPUT, watched)).toMatchObject({ changed: true })
    expect(writes).toEqual([])
    expect(await queue.keysOf()).toEqual(kept)
    expect(await queue.statuses()).toEqual(['failed 12'])
  })

  test('killed in the middle of the upload: the parts that are there are not written again', async () => {
    withFiles()
    const stop = async () => {
      throw new Error('killed')
    }
    await expect(queue.runSql(INPUT, queue.after(/\.jsonl$/, stop))).rejects.toThrow('killed')
    expect(await queue.keysOf()).toHaveLength(1)
    expect(await queue.runSql(INPUT)).toMatchObject({ changed: true })
    expect(await queue.keysOf()).toHaveLength(2)
  })

  test('run again after the change: nothing is left to change, and the capture is the one from before', async () => {
    withFiles()
    await queue.runSql(INPUT)
    const [kept, after] = [await record(), await queue.rows('tasks')]
    expect(await queue.runSql(INPUT)).toEqual({
      changed: false,
      detail: 'sql/open.sql finds no row that sql/cancel.sql would change',
      waitSeconds: 0,
    })
    expect([await record(), await queue.rows('tasks')]).toEqual([kept, after])
  })

  test('a worker that changes a row meanwhile is not overwritten: the row is captured again, as the worker left it', async () => {
    withFiles()
    let times = 0
    const worker = async () => {
      times += 1
      if (times === 1) await world.admin.query(`update public.tasks set cost = 99 where id = 7`)
    }
    await queue.runSql(INPUT, queue.after(CAPTURED, worker))
    expect(times).toBe(2)
    const captures = (await queue.keysOf()).filter((key) => key.endsWith('.jsonl'))
    const costs = await Promise.all(
      captures.map(async (key) => (await queue.linesOf(key)).find(({ id }) => id === 7)?.cost),
    )
    expect(costs.sort()).toEqual([1.5, 99])
    expect(await queue.statuses()).toEqual(['failed 12'])
  })

  test('a task that a worker finishes meanwhile stays finished', async () => {
    withFiles()
    const worker = () => world.admin.query(`update public.tasks set status = 'completed' where id = 1`)
    await queue.runSql(INPUT, queue.after(CAPTURED, worker))
    expect(await queue.statuses()).toEqual(['completed 1', 'failed 11'])
  })

  test('a row that comes meanwhile was not captured, and is not changed', async () => {
    // The file asks the table once more, past what was captured: the same view of the data still holds it to those rows.
    withFiles({
      'sql/cancel.sql': `update public.tasks set status = 'failed' where status in ('pending', 'processing')`,
    })
    const add = () => world.admin.query(`insert into public.tasks (id, status) values (13, 'pending')`)
    await queue.runSql(INPUT, queue.after(CAPTURED, add))
    expect(await queue.statuses()).toEqual(['failed 12', 'pending 1'])
  })

  test('nobody waits for the upload', async () => {
    withFiles()
    const writer = await queue.connect('writer')
    let waited = Number.POSITIVE_INFINITY
    const write = async () => {
      const from = performance.now()
      await writer.query(`set lock_timeout = '100ms'; update public.tasks set note = null where id = 13 or id = 3`)
      waited = Math.min(waited, performance.now() - from)
      await writer.query(`update public.tasks set status = 'completed' where id = 3`)
    }
    await queue.runSql(INPUT, queue.after(CAPTURED, write))
    expect(waited).toBeLessThan(1_000)
    expect(await queue.statuses()).toEqual(['completed 1', 'failed 11'])
  })

  test('a kill switch that is thrown during the upload is obeyed', async () => {
    withFiles()
    const before = await queue.rows('tasks')
    const stop = () =>
      writeJson(world.objects, `switch/${world.run.plan}.json`, {
        version: 1,
        of: world.run.plan,
        stopped: true,
        by: 'a person',
        reason: 'a test',
        at: new Date().toISOString(),
      })
    await expect(queue.runSql(INPUT, queue.after(CAPTURED, stop))).rejects.toMatchObject({
      name: expect.stringMatching(/^Switch\./),
    })
    expect(await queue.rows('tasks')).toEqual(before)
  })

  test('evidence that somebody has changed is not overwritten, and nothing changes', async () => {
    withFiles()
    const before = await queue.rows('tasks')
    const stop = async () => {
      throw new Error('killed')
    }
    await expect(queue.runSql(INPUT, queue.after(/\.jsonl$/, stop))).rejects.toThrow('killed')
    const [key] = await queue.keysOf()
    await world.objects.write(`evidence/${world.run.incident}/captured/${key}`, 'forged\n')
    await expect(queue.runSql(INPUT)).rejects.toMatchObject({ name: 'Capture.NotKept' })
    expect(await queue.rows('tasks')).toEqual(before)
  })

  test('more rows than one part holds are cut alike each time, wherever they lie in the table', async () => {
    withFiles()
    await world.admin.query(`update public.tasks set reason = repeat(md5(id::text), 12000)`)
    const stop = async () => {
      throw new Error('killed')
    }
    await expect(queue.runSql(INPUT, queue.after(/\.jsonl$/, stop))).rejects.toThrow('killed')
    await world.admin.query(`update public.tasks set reason = reason where id < 6`)
    await queue.runSql(INPUT)
    const { parts, rows } = await record()
    expect(parts.length).toBeGreaterThan(1)
    expect(rows).toBe(12)
    expect(await queue.statuses()).toEqual(['failed 12'])
  })

  test('rows that a policy hides are an error, not a smaller capture', async () => {
    withFiles()
    await world.admin.query(`alter table public.tasks enable row level security; alter table public.tasks force row level security;
      create policy the_first on public.tasks using (id < 3)`)
    await expect(queue.runSql(INPUT)).rejects.toMatchObject({ name: 'Postgres.InsufficientPrivilege' })
    expect(await queue.statuses()).toEqual(['pending 8', 'processing 4'])
  })

  test('a number of rows that is not the expected one changes nothing', async () => {
    withFiles({ 'sql/cancel.sql': CANCEL.replace(/;$/, '') })
    await expect(queue.runSql({ ...INPUT, expect: { rows: 5 } })).rejects.toMatchObject({ name: 'Sql.UnexpectedRows' })
    expect(await queue.statuses()).toEqual(['pending 8', 'processing 4'])
    await queue.runSql({ ...INPUT, expect: { rows: 12 } })
  })
})

/** As the runbook isolates corruption: the stop takes away what the affected articles are found by. */
const STOP = `update public.tasks set status = 'failed', error = 'Emergency stop initiated' where id in (select id from pg_temp.captured)`
const PROCESSING = `select t.* from public.tasks as t where t.status = 'processing'`
const MARK = `update public.articles as a
  set metadata = coalesce(a.metadata, '{}'::jsonb) || '{"needs_review": true}'::jsonb
  where a.id in (select id from pg_temp.captured)`

describePostgres('a capture that later steps go by', () => {
  const queue = useQueue()
  const { world } = queue
  const isolate = (files: Record<string, string>) =>
    Object.assign(world.files, { 'sql/stop.sql': STOP, 'sql/processing.sql': PROCESSING, 'sql/mark.sql': MARK }, files)
  const marked = async () =>
    (
      await world.admin.query(
        `select id, metadata->'tags' as tags from public.articles where metadata @> '{"needs_review": true}' order by id`,
      )
    ).rows

  test('in the order of the runbook, the stop leaves nothing by which affected articles are found (DEF-06)', async () => {
    isolate({
      'sql/affected.sql': `select a.* from public.articles as a where a.id in (select t.article_id from public.tasks as t where t.status = 'processing')`,
    })
    await queue.runSql({ file: 'sql/stop.sql', capture: 'sql/processing.sql' })
    expect(await queue.runSql({ file: 'sql/mark.sql', capture: 'sql/affected.sql' })).toMatchObject({ changed: false })
    expect(await marked()).toEqual([])
  })

  test('captured before the stop, the affected articles are marked after it, and keep their other metadata (DEF-06)', async () => {
    isolate({
      'sql/affected.sql': `select a.* from public.articles as a where a.id in (select e.article_id from pg_temp.earlier as e)`,
    })
    expect(await queue.capture('sql/processing.sql')).toMatchObject({
      changed: false,
      detail: expect.stringMatching(/^4 rows captured as/),
    })
    await queue.runSql({ file: 'sql/stop.sql', capture: 'sql/processing.sql' })
    const mark = { file: 'sql/mark.sql', capture: 'sql/affected.sql', earlier: 'sql/processing.sql' }
    expect(await queue.runSql(mark)).toMatchObject({ changed: true })
    expect(await marked()).toEqual([
      { id: 1, tags: null },
      { id: 2, tags: ['x'] },
    ])
  })

  test('is taken once: a second run after the stop does not replace it by what is left', async () => {
    isolate({})
    await queue.capture('sql/processing.sql')
    const kept = await queue.keysOf()
    await world.admin.query(`update public.tasks set status = 'failed'`)
    expect((await queue.capture('sql/processing.sql')).detail).toMatch(/^4 rows .*, before$/)
    expect(await queue.keysOf()).toEqual(kept)
  })

  test('of no rows is kept as well, so that nothing is found later instead', async () => {
    isolate({ 'sql/processing.sql': `select t.* from public.tasks as t where t.status = 'unheard of'` })
    expect((await queue.capture('sql/processing.sql')).detail).toMatch(/^0 rows captured/)
    expect(await queue.keysOf()).toHaveLength(1)
  })

  test('gives back every value with its type', async () => {
    isolate({
      'sql/changed.sql': `select t.* from public.tasks as t join pg_temp.earlier as e on e.id = t.id
        where (t.started_at, t.raw, t.cost, t.embedding::text, t.reason) is not distinct from (e.started_at, e.raw, e.cost, e.embedding::text, e.reason)`,
    })
    await queue.capture('sql/processing.sql')
    const stop = { file: 'sql/stop.sql', capture: 'sql/changed.sql', earlier: 'sql/processing.sql' }
    expect((await queue.runSql(stop)).detail).toContain('4 rows captured')
  })

  test('is asked for before it is there, or after somebody has changed it: refused, nothing changes', async () => {
    isolate({
      'sql/affected.sql': `select a.* from public.articles as a where a.id in (select e.article_id from pg_temp.earlier as e)`,
    })
    const mark = { file: 'sql/mark.sql', capture: 'sql/affected.sql', earlier: 'sql/processing.sql' }
    await expect(queue.runSql(mark)).rejects.toMatchObject({ name: 'Capture.Missing' })
    await queue.capture('sql/processing.sql')
    const key = (await queue.keysOf()).find((name) => name.endsWith('.jsonl'))
    await world.objects.write(`evidence/${world.run.incident}/captured/${key}`, '{"id": 1, "article_id": 5}\n')
    await expect(queue.runSql(mark)).rejects.toMatchObject({ name: 'Capture.Damaged' })
    expect(await marked()).toEqual([])
  })
})
