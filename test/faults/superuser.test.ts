import { afterEach, beforeEach, expect, test } from 'vitest'
import { readAllJson } from '#core/json.ts'
import { startWire, type Wire } from '#test/faults/wire.ts'
import { describePostgres } from '#test/support/database.ts'
import { EVERYBODY, startWorld, type World } from '#test/support/paths.ts'

const RETENTION_MS = 8 * 24 * 3600_000
const RETIRED = `
  select retired.name, retired.was from vector_rollback_retired.retirements r
   cross join lateral jsonb_to_recordset(r.record -> 'tables') as t(retired jsonb, definition jsonb)
   cross join lateral (select t.retired ->> 'name' as name, t.definition -> 'table' ->> 'name' as was) retired`

describePostgres('a superuser who writes to a retired table after its purge was approved', () => {
  let world: World
  let wire: Wire
  beforeEach(async () => {
    world = await startWorld({ rows: 30 })
    wire = await startWire(world.db.url)
    // The functions read where the database is each time that they want it.
    process.env.DATABASE_URL = wire.url
  })
  afterEach(async () => {
    await world?.close()
    await wire?.close()
  })

  test.each([
    [
      'adds',
      (name: string) =>
        `insert into ${name} (chunk_id, tenant_id, embedding) select chunk_id, tenant_id, embedding from ${name} limit 1`,
    ],
    ['changes', (name: string) => `update ${name} set model = 'another' where id = 3`],
    ['takes away', (name: string) => `delete from ${name} where id = 3`],
  ])('and %s a row: nothing is destroyed, and the table is named', async (_, change) => {
    expect((await world.run('full')).problem).toBeNull()
    const tables = await world.query<{ name: string; was: string }>(RETIRED)
    const embeddings = `vector_rollback_retired."${tables.find(({ was }) => was === 'embeddings')?.name}"`
    world.approvers = EVERYBODY
    world.stack.clock.travel(RETENTION_MS)
    // The step that destroys, and it alone, locks the tables.
    const destroying = wire.before(['lock table'])
    const purging = world.run('purge')
    await Promise.race([destroying, purging.then(({ problem }) => Promise.reject(new Error(JSON.stringify(problem))))])
    const approvals = await readAllJson(world.stack.objects, 'incidents/purge-2/approvals/purge/answers/')
    expect(approvals).toHaveLength(2)
    await world.query(change(embeddings))
    const before = await world.query(`select md5(string_agg(e::text, ',' order by e::text)) from ${embeddings} e`)
    wire.release()

    const { problem } = await purging
    expect(problem).toMatchObject({ error: 'Purge.ChangedSinceSnapshot', category: 'refused' })
    expect(problem?.text).toContain('"public.embeddings"')
    expect(await world.query(`select md5(string_agg(e::text, ',' order by e::text)) from ${embeddings} e`)).toEqual(
      before,
    )
    expect(await world.query('select purged_at from vector_rollback_retired.retirements')).toEqual([
      { purged_at: null },
    ])
  })
})
