import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readMessages } from '#core/incident/tell.ts'
import { readJson } from '#core/json.ts'
import type { Approver } from '#local/answers.ts'
import { dumpSchema } from '#test/postgres/ddl-roundtrip-schema.ts'
import { describePostgres, postgresBin } from '#test/support/database.ts'
import { EVERYBODY, FLAG, PLAN, startWorld, type World } from '#test/support/paths.ts'

const DAY = 86_400_000
const ROWS = `
  select (select md5(string_agg(e::text, ',' order by id)) from public.embeddings e) as embeddings,
         (select md5(string_agg(c::text, ',' order by id)) from public.document_chunks c) as chunks`
/** What lies retired, newest first. */
const RETIREMENTS = `
  select id, record->>'replacedBy' as by, undone_at is not null as undone, purged_at is not null as purged
    from vector_rollback_retired.retirements order by retired_at desc`
const SIDE = `select nspname from pg_namespace where nspname like 'vector\\_rollback\\_restore%'`
const NOBODY: Approver[] = []

/** Five rows changed, three gone, two new: seven of the 599 that are there then are not in the snapshot. */
const FAIL = `
  update public.embeddings set model = 'wrong' where id in (select id from public.embeddings order by id limit 5);
  delete from public.embeddings where id in (select id from public.embeddings order by id desc limit 3);
  insert into public.document_chunks (machine_id, tenant_id, position, content)
    select machine_id, tenant_id, 900 + n, 'written since' from public.document_chunks, generate_series(1, 2) n
     order by id limit 2;`

describePostgres('a restore where something stands under the names', () => {
  let world: World
  let schema: string
  let good: unknown
  let failed: unknown
  let snapshot: string

  const restore = (input: object = {}) => world.run('restore', { snapshot, ...input })
  const kinds = async () =>
    (await world.query<{ id: string }>(RETIREMENTS)).filter(({ id }) => id.includes('-replaced'))
  const asBefore = async (rows: unknown) => {
    expect(await world.query(ROWS)).toEqual(rows)
    expect(await dumpSchema(world.db)).toBe(schema)
  }

  beforeAll(async () => {
    world = await startWorld()
    await world.stack.flags.write(FLAG as never, 'true')
    schema = await dumpSchema(world.db)
    good = await world.query(ROWS)
    snapshot = (await world.run('full')).incident
    await world.run('restore')
    await world.query(FAIL)
    failed = await world.query(ROWS)
    expect(failed).not.toEqual(good)
  })
  afterAll(() => world?.close())

  test('a snapshot that there is not is refused with those that there are, and nothing is changed', async () => {
    const { problem } = await restore({ snapshot: 'full-99' })
    expect(problem).toMatchObject({ error: 'Restore.NoSuchSnapshot', category: 'refused' })
    expect(problem?.text).toContain(`"${snapshot}"`)
    await asBefore(failed)
  })

  test('a path that restores nothing takes no snapshot', async () => {
    const { problem } = await world.run('full', { snapshot })
    expect(problem?.error).toBe('Request.RestoreOnly')
    await asBefore(failed)
  })

  test('without an answer what was there comes back, the question says the numbers, and the copies wait for the next try', async () => {
    world.approvers = NOBODY
    const { problem, report } = await restore()
    expect(problem).toMatchObject({ error: 'Approval.Missing', category: null })
    expect(problem?.text).toContain('599 rows of public.document_chunks, public.embeddings set aside; 7 of them')
    expect(report?.loss).toContain('were moved back')
    expect(await world.query(ROWS)).toEqual(failed)
    expect(await world.query(SIDE)).toHaveLength(2)
    expect(await kinds()).toMatchObject([{ undone: true, by: null }])
  })

  test('denied: what was there comes back, byte for byte, and nothing is left of the copies', async () => {
    world.approvers = EVERYBODY.map((person) => ({ ...person, decision: 'denied' as const }))
    const { problem, report } = await restore()
    expect(problem).toMatchObject({ error: 'Approval.Denied', category: 'refused' })
    expect(report?.outcome).toBe('needs-human')
    expect(await world.query(SIDE)).toEqual([])
    await asBefore(failed)
  })

  test('an approval of another number is void: what was counted is not what is there any more', async () => {
    Object.defineProperty(world, 'approvers', {
      configurable: true,
      // Asked after every function; there is something to meddle with when it has been set aside and counted.
      get: () => {
        psql(world, MEDDLE)
        return EVERYBODY
      },
    })
    const { problem } = await restore()
    Object.defineProperty(world, 'approvers', { configurable: true, writable: true, value: NOBODY })
    expect(problem).toMatchObject({ error: 'Approval.Void', category: 'refused' })
    // Nothing took their place; a run that is denied puts them back.
    psql(world, UNDO)
    world.approvers = EVERYBODY.map((person) => ({ ...person, decision: 'denied' as const }))
    expect((await restore()).problem?.error).toBe('Approval.Denied')
    await asBefore(failed)
  })

  test('approved: the snapshot is in place as it was, and the failed state is kept, out of reach', async () => {
    world.approvers = EVERYBODY
    const { problem, report, incident } = await restore()
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('restored')
    expect(report?.loss).toContain(
      `599 rows that stood there, 7 of them not in snapshot "${snapshot}", are kept as retirement "${incident}-replaced"`,
    )
    expect(report?.approvals).toContainEqual(expect.objectContaining({ purpose: 'replace', decision: 'approved' }))
    const asked = (await readMessages(world.stack.objects, incident)).find(({ event }) => event === 'replace-needed')
    expect(asked?.body).toContain('599 rows, of which 7 are')
    expect((await kinds())[0]).toEqual({ id: `${incident}-replaced`, by: snapshot, undone: false, purged: false })
    await asBefore(good)
  })

  test('restore again, without a snapshot: there is nothing to restore, and what was replaced is not brought back', async () => {
    const { problem, report } = await world.run('restore')
    expect(problem).toBeNull()
    expect(report?.steps.filter(({ kind }) => kind === 'undo-retire' || kind === 'swap-in')).toEqual([])
    await asBefore(good)
  })

  test('what was replaced is purged by a snapshot of its own and an approval, and a restore does not take that snapshot', async () => {
    world.stack.clock.travel(8 * DAY)
    const [{ id } = { id: '' }] = await kinds()
    const { problem, report } = await world.run('purge')
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('rolled-back')
    expect(report?.loss).toContain(`599 rows were destroyed in the database on the approval below; snapshot ${id}`)
    expect(report?.snapshot?.id).toBe(id)
    expect((await kinds())[0]).toMatchObject({ id, purged: true })
    const manifest = await readJson(world.stack.objects, `snapshots/${PLAN}/${id}/manifest.json`)
    expect(manifest?.value).toMatchObject({ replaced: true })
    await asBefore(good)
  })

  test('after a purge, tables that the application created anew are a drift: refused with the diff, and nothing changes', async () => {
    await world.run('full')
    world.stack.clock.travel(8 * DAY)
    expect((await world.run('purge')).problem).toBeNull()
    psql(
      world,
      `set role "${world.db.master}";
       create table public.embeddings (id bigint primary key, chunk_id bigint not null, tenant_id uuid not null,
         embedding public.vector(3072) not null, extra text default 'new');
       insert into public.embeddings select n, n, gen_random_uuid(), array_fill(0.5, array[3072])::public.vector from generate_series(1, 4) n;`,
    )
    const before = await dumpSchema(world.db)
    const { problem } = await world.run('restore')
    expect(problem).toMatchObject({ error: 'Restore.SchemaDrift', category: 'refused' })
    for (const line of [
      'column "public.embeddings.embedding" was public.vector(1536), is public.vector(3072)',
      'column "public.embeddings.model" was dropped',
      'column "public.embeddings.extra" was added: text',
      'column "public.embeddings.id" had the default',
      'row security of "public.embeddings" was forced, is off',
      'policy "embeddings_of_tenant" of "public.embeddings" was dropped',
      'index "embeddings_embedding_idx"',
    ])
      expect(problem?.text).toContain(line)
    expect(await dumpSchema(world.db)).toBe(before)
    expect(await world.query('select count(*)::int as n from public.embeddings')).toEqual([{ n: 4 }])
  })

  test('a drift that is accepted is shown to those who approve, and every row of it counts as written since', async () => {
    const { problem, report, incident } = await world.run('restore', { 'accept-drift': true })
    expect(problem).toBeNull()
    expect(report?.loss).toContain('4 rows that stood there, 4 of them not in snapshot')
    const asked = (await readMessages(world.stack.objects, incident)).find(({ event }) => event === 'replace-needed')
    expect(asked?.body).toContain('is public.vector(3072)')
    await asBefore(good)
  })
})

/** As the superuser, at once: while the run stands still. */
const psql = ({ db }: World, text: string): void => {
  const tool = postgresBin === null ? 'psql' : join(postgresBin, 'psql')
  execFileSync(tool, ['-q', '-v', 'ON_ERROR_STOP=1', '-c', text, db.superuserUrl])
}

/** On the retired embeddings that a restore has set aside: a row that only a superuser can bring there, and its way out. */
const onSetAside = (statement: string): string => `
  do $$ declare t text; begin
    select e->'retired'->>'name' into t
      from vector_rollback_retired.retirements r, jsonb_array_elements(r.record->'tables') e
     where r.undone_at is null and r.record ? 'replacedBy' and r.record->>'replacedBy' is null
       and e->'definition'->'table'->>'name' = 'embeddings';
    if t is not null then execute format(${statement}, t); end if;
  end $$`
const MEDDLE = onSetAside(
  `'insert into vector_rollback_retired.%I (id, chunk_id, tenant_id, embedding) select 999999, chunk_id, tenant_id, embedding from vector_rollback_retired.%1$I limit 1 on conflict do nothing'`,
)
const UNDO = onSetAside(`'delete from vector_rollback_retired.%I where id = 999999'`)
