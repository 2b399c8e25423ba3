import { Client } from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { runCommand, startCommand } from '#test/faults/command.ts'
import { copyScene, freshScene, type Scene, sceneForTest } from '#test/faults/scene.ts'
import { describePostgres } from '#test/support/database.ts'

const INDEX = 'embeddings_embedding_idx'
const WORK = `
  select pid, query, clock_timestamp() - query_start > interval '400 ms' as long from pg_stat_activity
   where datname = current_database() and query ~ '^(create|drop) index' and state = 'active' and wait_event_type = 'Lock'`

describePostgres('an index that is dropped or built when the run is killed', () => {
  let fresh: Scene
  let partial: Scene
  beforeAll(async () => {
    fresh = await freshScene()
    partial = await copyScene(fresh)
    await runCommand(partial, 'partial')
  })
  afterAll(async () => {
    await partial?.drop()
    await fresh?.drop()
  })

  /** A session of the application, which the statements on the index have to wait for. */
  const application = async (scene: Scene, lock: 'access share' | 'row exclusive') => {
    const client = new Client(scene.db.superuserUrl)
    client.on('error', () => undefined)
    await client.connect()
    onTestFinished(() => client.end())
    await client.query(`begin; lock table public.embeddings in ${lock} mode`)
    return client
  }
  const observer = async (scene: Scene) => {
    const client = new Client(scene.db.superuserUrl)
    client.on('error', () => undefined)
    await client.connect()
    onTestFinished(() => client.end())
    return {
      /** `true`: valid; `null`: there is none. */
      index: async (): Promise<boolean | null> => {
        const found = `select indisvalid from pg_index where indexrelid = to_regclass('public.${INDEX}')`
        return (await client.query<{ indisvalid: boolean }>(found)).rows[0]?.indisvalid ?? null
      },
      working: async () => (await client.query<{ pid: number; query: string; long: boolean }>(WORK)).rows[0] ?? null,
      alive: async (pid: number) =>
        (await client.query('select 1 from pg_stat_activity where pid = $1', [pid])).rowCount === 1,
      end: (pid: number) => client.query('select pg_terminate_backend($1)', [pid]),
    }
  }
  const until = <T>(condition: () => Promise<T>) => vi.waitUntil(condition, { timeout: 30_000, interval: 10 })

  test('a drop that waits for a reader leaves the index invalid, and the next run ends it and drops what is left', async () => {
    const scene = await sceneForTest(fresh)
    const reader = await application(scene, 'access share')
    const { index, working, alive } = await observer(scene)
    const killed = startCommand(scene, 'partial')
    const orphan = await until(working)
    killed.kill()
    await killed.ended
    expect(await index()).toBe(false)
    expect(await alive(orphan?.pid ?? 0)).toBe(true)

    const next = startCommand(scene, 'partial')
    await until(async () => !(await alive(orphan?.pid ?? 0)))
    expect(await index()).toBe(false)
    await reader.query('rollback')
    const { code, stderr } = await next.ended
    expect(code, stderr).toBe(0)
    expect(await index()).toBeNull()
  })

  test('a build that goes on without its run is found built', async () => {
    const scene = await sceneForTest(partial)
    const writer = await application(scene, 'row exclusive')
    const { index, working, alive } = await observer(scene)
    const killed = startCommand(scene, 'restore')
    const orphan = await until(working)
    killed.kill()
    await killed.ended
    expect(await index()).toBe(false)
    await writer.query('rollback')
    await until(async () => !(await alive(orphan?.pid ?? 0)))
    expect(await index()).toBe(true)
    await runCommand(scene, 'restore')
    expect(await index()).toBe(true)
  })

  test('a build that a failover ended is cleared away and made again, however long a writer keeps it waiting', async () => {
    const scene = await sceneForTest(partial)
    const writer = await application(scene, 'row exclusive')
    const { index, working, end } = await observer(scene)
    const killed = startCommand(scene, 'restore')
    const orphan = await until(working)
    killed.kill()
    await killed.ended
    await end(orphan?.pid ?? 0)
    expect(await index()).toBe(false)

    const next = startCommand(scene, 'restore')
    // Longer than a statement of ours may make others wait: this one makes nobody wait.
    const waiting = until(async () => (await working())?.long)
    await Promise.race([waiting, next.ended])
    expect((await working())?.query).toContain('drop index')
    await writer.query('rollback')
    const { code, stderr } = await next.ended
    expect(code, stderr).toBe(0)
    expect(await index()).toBe(true)
  })
})
