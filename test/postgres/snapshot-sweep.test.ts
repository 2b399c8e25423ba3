import { afterEach, beforeEach, expect, test } from 'vitest'
import { keys } from '#core/incident/keys.ts'
import { undoRetire } from '#core/retire/undo.ts'
import { listFolders } from '#core/snapshot/folders.ts'
import { judgeFolder } from '#core/snapshot/judge.ts'
import {
  copyAll,
  createWorld,
  PLAN,
  RETIREMENT,
  SMALL_SCHEMA,
  SMALL_TABLES,
  type World,
} from '#test/postgres/snapshot-world.ts'
import { realClock as clock } from '#test/support/clock.ts'
import { describePostgres } from '#test/support/database.ts'

const DAY = 86_400_000

describePostgres('of parts without a manifest, a sweep', () => {
  let world: World
  beforeEach(async () => {
    world = await createWorld(SMALL_SCHEMA, SMALL_TABLES)
  })
  afterEach(() => world.close())

  const judged = async () => {
    const [folder] = await listFolders(world.objects, PLAN)
    if (!folder) throw new Error('there is no folder')
    const now = new Date(Date.now() + 8 * DAY)
    return world.session((session) =>
      judgeFolder(world.objects, folder, { olderThan: 7 * DAY, now, sessionOf: async () => session }),
    )
  }

  test('keeps those of an open retirement, whatever their age, and takes them once it was undone', async () => {
    await copyAll(world)
    expect(await judged()).toMatchObject({ verdict: 'keep', why: expect.stringContaining('is open') })
    await world.session((s) => undoRetire(s, { retirement: RETIREMENT, clock, lockOptions: {} }))
    expect(await judged()).toMatchObject({ verdict: 'sweep', why: expect.stringContaining('undone') })
  })

  test('takes those that no database knows of, unless the bucket has a record of their retirement', async () => {
    await world.objects.write(`snapshots/${PLAN}/inc-7/parts.json`, '[]')
    expect(await judged()).toMatchObject({ verdict: 'sweep' })
    await world.objects.write(keys.retirement(PLAN, 'inc-7'), '{}')
    expect(await judged()).toMatchObject({ verdict: 'keep' })
  })
})
