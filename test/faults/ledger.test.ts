import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { type Chance, chanceOf } from '#test/faults/chance.ts'
import { type CommandOptions, type Instant, killInState, killOnWire, runCommand } from '#test/faults/command.ts'
import { Ledger } from '#test/faults/ledger.ts'
import { freshScene, type Scene, sceneForTest } from '#test/faults/scene.ts'
import { plansWithoutWaiting } from '#test/faults/stages.ts'
import { startWire, type Wire } from '#test/faults/wire.ts'
import { Writer } from '#test/faults/writer.ts'
import { describePostgres, type TestDatabase } from '#test/support/database.ts'

const WRITERS = 4
/** Acknowledged commits before the rollback, and once more after the restore. */
const COMMITS = 500

type Killed = 'full' | 'purge' | 'restore'
/** Where a run may be killed: in a state, or at an instant of its talk with the database. */
const KILLS: Readonly<Record<Killed, readonly (string | Instant)[]>> = {
  full: [
    ...['Open incident', 'Retire', 'List parts', 'Snapshot each part', 'Seal snapshot', 'Verify snapshot', 'Verify'],
    ['before', 'insert into "vector_rollback_retired"', 'commit'],
    ['after', 'insert into "vector_rollback_retired"', 'commit'],
    ['after', 'copy (select'],
  ],
  purge: [
    ...['Choose what to purge', 'Verify before purge', 'Ask to purge', 'Purge'],
    ['before', 'set purged_at', 'commit'],
    ['after', 'set purged_at', 'commit'],
  ],
  restore: [
    ...['Prepare restore', 'Load each part', 'Add constraints', 'Build indexes', 'Compare', 'Swap in'],
    ['after', 'from stdin'],
    ['before', 'set schema "public"', 'commit'],
    ['after', 'set schema "public"', 'commit'],
  ],
}

/** Others by hand: LEDGER_SEEDS=11,12,13. */
const ROUNDS = (process.env.LEDGER_SEEDS ?? '4').split(',').map((seed) => {
  const chance = chanceOf(Number(seed))
  const kills = {
    full: chance.oneOf(KILLS.full),
    purge: chance.oneOf(KILLS.purge),
    restore: chance.oneOf(KILLS.restore),
  }
  return [`seed ${seed}, ${JSON.stringify(kills)}`, chance, kills] as const
})

const until = (condition: () => boolean): Promise<unknown> => vi.waitUntil(condition, { timeout: 60_000, interval: 5 })

/** Cuts the connection of a writer at its commit, over and over: now the request is lost, now the answer. */
const saboteur = async (wire: Wire, ledger: Ledger, over: Promise<void>): Promise<void> => {
  let stopped = false
  over.then(() => {
    stopped = true
  })
  for (let cuts = 0; !stopped; cuts += 1) {
    const enough = ledger.commits + 25
    await Promise.race([until(() => stopped || ledger.commits >= enough).catch(() => undefined), over])
    if (stopped) return
    await Promise.race([wire[cuts % 2 === 0 ? 'after' : 'before'](['commit']), over])
    wire.cut()
  }
}

/** The application: its writers, their ledger, and the way by which they are connected. */
const startApplication = async (db: TestDatabase, admin: Client, chance: Chance) => {
  const user = db.role('writer')
  await admin.query(`create role "${user}" login in role pgvector_search_app`)
  const ledger = new Ledger()
  await ledger.open(admin)
  const wire = await startWire(db.urlOf(user))
  onTestFinished(() => wire.close())
  const { rows: machines } = await admin.query<{ id: string; tenant: string; chunks: string[] }>(`
    select m.id, m.tenant_id as tenant, array_agg(c.id::text order by c.id) as chunks
      from public.machines m join public.document_chunks c on c.machine_id = m.id group by m.id order by m.id limit ${WRITERS}`)
  const writers = machines.map(
    ({ id: machine, tenant, chunks }, number) =>
      new Writer({ url: wire.url, number, tenant, machine, chunks, ledger, chance: chanceOf(chance.below(2 ** 31)) }),
  )
  const writing = Promise.all(writers.map((writer) => writer.write())).then(() => undefined)
  // An error that no application should see ends the test where it waits for something, or at the end.
  const failed = writing.then(() => new Promise<never>(() => undefined))
  failed.catch(() => undefined)
  const cutting = saboteur(
    wire,
    ledger,
    writing.catch(() => undefined),
  )
  const sum = (of: (writer: Writer) => number) => writers.reduce((all, writer) => all + of(writer), 0)
  return {
    ledger,
    refused: () => sum((writer) => writer.refused),
    lost: () => ({ committed: sum((w) => w.lost.committed), aborted: sum((w) => w.lost.aborted) }),
    meanwhile: <T>(work: Promise<T>): Promise<T> => Promise.race([work, failed]),
    async stop() {
      for (const writer of writers) writer.stop()
      await writing
      await cutting
    },
  }
}

/** Starts a run and kills it, then has the same command do it all. */
const killedAndRunAgain = async (scene: Scene, path: Killed, kill: string | Instant, options: CommandOptions) => {
  if (typeof kill === 'string') await killInState(scene, path, kill, options)
  else {
    const wire = await startWire(scene.db.url)
    await killOnWire(scene, path, kill, { ...options, wire }).finally(() => wire.close())
  }
  await runCommand(scene, path, options)
}

describePostgres('an application that never stops writing', () => {
  let fresh: Scene
  let plans: string
  beforeAll(async () => {
    ;[fresh, plans] = await Promise.all([freshScene(), plansWithoutWaiting()])
  })
  afterAll(async () => {
    await fresh?.drop()
    if (plans) await rm(dirname(plans), { recursive: true, force: true })
  })

  test.each(ROUNDS)(
    'finds every acknowledged row, and no other, after a full rollback, a purge and a restore, each killed once: %s',
    {
      timeout: 180_000,
    },
    async (_, chance, kills) => {
      const scene = await sceneForTest(fresh)
      const admin = new Client(scene.db.superuserUrl)
      await admin.connect()
      onTestFinished(() => admin.end())
      const application = await startApplication(scene.db, admin, chance)
      const { ledger, meanwhile } = application
      onTestFinished(() => application.stop().catch(() => undefined))

      await meanwhile(until(() => ledger.commits >= COMMITS))
      await meanwhile(killedAndRunAgain(scene, 'full', kills.full, {}))
      const [acknowledged, refused] = [ledger.commits, application.refused()]
      await meanwhile(until(() => application.refused() >= refused + WRITERS * 5))
      await meanwhile(killedAndRunAgain(scene, 'purge', kills.purge, { plans }))
      expect(ledger.commits).toBe(acknowledged)
      await meanwhile(killedAndRunAgain(scene, 'restore', kills.restore, {}))
      await meanwhile(until(() => ledger.commits >= acknowledged + COMMITS))
      await application.stop()

      expect(await ledger.differences(admin)).toEqual([])
      expect(ledger.commits).toBeGreaterThanOrEqual(2 * COMMITS)
      const { committed, aborted } = application.lost()
      expect(Math.min(committed, aborted), 'both kinds of lost answers were met').toBeGreaterThan(0)
    },
  )
})
