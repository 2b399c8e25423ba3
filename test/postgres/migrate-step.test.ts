import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { drillAws } from '#cli/drill-aws.ts'
import { checkPlan } from '#core/plan/check.ts'
import { loadPlan } from '#core/plan/load.ts'
import { previewOfPlan } from '#core/preview/of-plan.ts'
import { startWire, type Wire } from '#test/faults/wire.ts'
import { describePostgres } from '#test/support/database.ts'
import { startWorld, type World } from '#test/support/paths.ts'

const PLAN = 'memory-chunks'
const MIGRATED = '20251019_memory_schema_rls'
const LATER = '20251020_user_index'
const STEP = '      - verify: { checks: [no-vector-index, memory-readable] }'

/** The project's plan, whose partial path also undoes a later migration: the one that made the third index. */
const planWithMigration = async (): Promise<string> => {
  const parent = await mkdtemp(join(tmpdir(), 'vector-rollback-migrate-'))
  const folder = join(parent, PLAN)
  await cp(new URL(`../../plans/${PLAN}`, import.meta.url).pathname, folder, { recursive: true })
  const text = await readFile(join(folder, 'plan.yaml'), 'utf8')
  if (!text.includes(STEP)) throw new Error('the partial path ends in another way')
  const step = `      - migrate:
          ledger: public.alembic_version
          from: [${LATER}]
          to: ${MIGRATED}
          file: sql/undo-user-index.sql
          locks: [public.memory_chunks]
          gone: [public.idx_memory_chunks_user_embedding]`
  await writeFile(join(folder, 'plan.yaml'), text.replace(STEP, `${step}\n${STEP}`))
  await writeFile(join(folder, 'sql/undo-user-index.sql'), 'drop index public.idx_memory_chunks_user_embedding;\n')
  return parent
}

describePostgres('the step migrate in a partial path', () => {
  let world: World
  let wire: Wire
  let plans: string
  beforeAll(async () => {
    plans = await planWithMigration()
    world = await startWorld({
      plan: PLAN,
      rows: 100,
      plansDirectory: plans,
      through: async (url) => {
        wire = await startWire(url)
        return wire.url
      },
    })
    // The services that the paths restart.
    await (await drillAws(world.stack, await loadPlan(join(plans, PLAN)), 'test'))('partial')
  })
  afterAll(async () => {
    await world?.close()
    await wire?.close()
    await rm(plans, { recursive: true, force: true })
  })
  const state = () =>
    world.query<{ revision: string; index: boolean }>(`
      select version_num as revision, to_regclass('public.idx_memory_chunks_user_embedding') is not null as index
        from public.alembic_version`)

  test('is shown before it runs: its statements, and the move of the ledger', async () => {
    expect(await checkPlan(join(plans, PLAN))).toEqual([])
    const { stages } = await previewOfPlan(await loadPlan(join(plans, PLAN)), 'partial')
    expect(stages.find(({ title }) => title.includes('undo-user-index'))).toMatchObject({
      title: 'Undo a migration with sql/undo-user-index.sql, in one transaction',
      lines: [
        { text: 'lock public.memory_chunks; ACCESS EXCLUSIVE' },
        { sql: 'drop index public.idx_memory_chunks_user_embedding' },
        { text: expect.stringContaining(`move public.alembic_version from ${LATER} to ${MIGRATED}`) },
      ],
    })
  })

  test('at another revision it needs a human, and nothing of the file has run (DEF-51)', async () => {
    await world.query(`update public.alembic_version set version_num = '20251101_newer'`)
    expect((await world.run('partial')).problem).toMatchObject({ error: 'Ledger.OtherRevision', category: 'refused' })
    expect(await state()).toEqual([{ revision: '20251101_newer', index: true }])
  })

  test('done, with nobody knowing: the retry finds index and revision as they have to be, and goes on (DEF-51, DEF-65)', async () => {
    await world.query(`update public.alembic_version set version_num = '${LATER}'`)
    const lost = wire.after(['update "public"."alembic_version"', 'commit']).then(() => wire.cut())
    const { problem, report } = await world.run('partial')
    await lost
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('rolled-back')
    expect(await state()).toEqual([{ revision: MIGRATED, index: false }])
    const tries = report?.steps.filter(({ kind }) => kind === 'migrate')
    expect(tries?.map(({ changed }) => changed)).toEqual([false, false])
    expect(tries?.at(-1)?.detail).toBe(`public.alembic_version says "${MIGRATED}" already`)
  })

  test('the full path goes on from where it has led', async () => {
    expect((await world.run('full')).problem).toBeNull()
    expect(await state()).toEqual([{ revision: '20251005_conversations', index: false }])
  })
})
