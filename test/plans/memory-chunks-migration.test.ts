import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  BEFORE,
  detailOf,
  EVERYBODY,
  evidenceOf,
  FLAG,
  MIGRATED,
  revisionOf,
  startMemory,
  statuses,
  tableIsThere,
  worked,
} from '#test/plans/memory-chunks-world.ts'
import { dumpSchema } from '#test/postgres/ddl-roundtrip-schema.ts'
import { describePostgres } from '#test/support/database.ts'
import type { World } from '#test/support/paths.ts'

const FULL = ['no-index', 'no-policy', 'revision-is-back', 'table-gone', 'table-undefined']

describePostgres('memory-chunks right after its migration, without a row', () => {
  let world: World
  let schema: string
  beforeAll(async () => {
    world = await startMemory(0)
    schema = await dumpSchema(world.db)
  })
  afterAll(() => world?.close())

  test('the full path takes the migration back within 45 seconds: no table, policy, index or revision of it is left (MEM-05, MEM-16, MEM-24, MEM-25, MEM-26, MEM-27, MEM-29, MEM-30, MEM-32, MEM-38, MEM-39, MEM-40)', async () => {
    const { report, problem } = await world.run('full')
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('rolled-back')
    expect(statuses(report)).toEqual(new Set(['pass']))
    expect(report?.checks.map(({ name }) => name)).toEqual(
      expect.arrayContaining([...FULL, 'relay-api-healthy', 'answers-without-memory']),
    )
    expect(worked(report)).toBeLessThan(45_000)
    expect(report?.steps.find(({ kind }) => kind === 'retire')).toMatchObject({ changed: true, ms: expect.any(Number) })
    expect(report?.timeline.map(({ kind }) => kind)).not.toContain('problem')
    // relay-api is started anew when all of it is done, and answers without memory.
    const kinds = report?.steps.map(({ kind }) => kind) ?? []
    expect(kinds.indexOf('restart')).toBeGreaterThan(kinds.indexOf('verify-snapshot'))
    expect(report?.steps.find(({ kind }) => kind === 'restart')?.changed).toBe(true)
    for (const format of ['json', 'md', 'html'])
      expect(await world.stack.objects.read(`incidents/full-1/report.${format}`)).not.toBeNull()
    expect(await revisionOf(world)).toEqual([BEFORE])
    expect(await tableIsThere(world)).toBe(false)
    expect((await world.stack.flags.read(FLAG))?.value).toBe('false')
  })

  test('the record says the revision, structure, policies and indexes that were there (MEM-10, MEM-11, MEM-12, MEM-13, MEM-21)', async () => {
    expect(await evidenceOf(world, 'full-1', 'revisions')).toMatchObject({ rows: [{ version_num: MIGRATED }] })
    expect(await evidenceOf(world, 'full-1', 'policies')).toMatchObject({
      rows: [{ policy: 'memory_tenant_isolation', command: '*', enabled: true, forced: true }],
    })
    expect(await evidenceOf(world, 'full-1', 'indexes')).toMatchObject({
      rows: [
        { index: 'idx_memory_chunks_embedding_hnsw' },
        { index: 'idx_memory_chunks_embedding_ivfflat' },
        { index: 'idx_memory_chunks_user_embedding' },
        { index: 'memory_chunks_pkey' },
      ],
    })
    const [record] = await world.query<{ record: { tables: object[] } }>(
      `select record from vector_rollback_retired.retirements where id = 'full-1'`,
    )
    expect(record?.record).toMatchObject({
      tables: [{ definition: { table: { schema: 'public', name: 'memory_chunks' } } }],
      ledger: { before: MIGRATED, after: BEFORE },
    })
  })

  test('run again, it undoes no second revision (MEM-36, DEF-51)', async () => {
    const { report, problem } = await world.run('full')
    expect(problem).toBeNull()
    expect(report?.steps.find(({ kind }) => kind === 'retire')?.changed).toBe(false)
    expect(detailOf(report, 'retire')).toContain(`public.alembic_version from "${MIGRATED}" to "${BEFORE}"`)
    expect(await revisionOf(world)).toEqual([BEFORE])
  })

  test('restore brings table and revision back, byte for byte, and memory is on when the gates are attested', async () => {
    world.approvers = EVERYBODY
    const { report, problem } = await world.run('restore')
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('restored')
    expect(await revisionOf(world)).toEqual([MIGRATED])
    expect(await dumpSchema(world.db)).toBe(schema)
    expect((await world.stack.flags.read(FLAG))?.value).toBe('true')
  })

  test('a table that is missing is evidence, and no reason to stop looking (MEM-11, MEM-14)', async () => {
    await world.query('alter table public.memory_chunks rename to elsewhere')
    const { incident, report } = await world.run('flag')
    expect(await evidenceOf(world, incident, 'indexes')).toMatchObject({ rows: [] })
    expect(report?.evidence.map(({ status }) => status)).not.toContain('unknown')
    await world.query('alter table public.elsewhere rename to memory_chunks')
  })

  test('at another revision it is refused by name, the table stays, and people are told (MEM-04)', async () => {
    await world.query(`update public.alembic_version set version_num = '20251101_newer'`)
    const { problem, report } = await world.run('full')
    expect(problem).toMatchObject({ error: 'Ledger.OtherRevision', category: 'refused' })
    expect(report?.outcome).toBe('needs-human')
    expect(await tableIsThere(world)).toBe(true)
    expect((await world.stack.flags.read(FLAG))?.value).toBe('false')
  })
})
