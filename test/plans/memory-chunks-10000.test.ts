import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  BEFORE,
  detailOf,
  EVERYBODY,
  revisionOf,
  startMemory,
  stateOf,
  worked,
} from '#test/plans/memory-chunks-world.ts'
import { describePostgres } from '#test/support/database.ts'
import type { World } from '#test/support/paths.ts'

const DAY = 86_400_000

describePostgres('memory-chunks with 10,000 rows', () => {
  let world: World
  let before: Awaited<ReturnType<typeof stateOf>>
  beforeAll(async () => {
    world = await startMemory(10_000)
    before = await stateOf(world)
    world.approvers = EVERYBODY
  })
  afterAll(() => world?.close())

  test('the full path is done within two minutes, the retirement itself within seconds, and a sealed snapshot has every row (MEM-08, MEM-09, MEM-14, MEM-15, MEM-22, MEM-23, MEM-33)', async () => {
    expect(before.rows[0]?.rows).toBe(10_000)
    const { report, problem } = await world.run('full')
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('rolled-back')
    expect(worked(report)).toBeLessThan(120_000)
    expect(report?.budgets.find(({ name }) => name === 'total')).toMatchObject({ limitMs: 300_000 })
    expect(report?.snapshot?.tables).toMatchObject([{ name: 'memory_chunks', rows: 10_000 }])
    expect(report?.snapshot?.sealedAt).not.toBeNull()
    expect(report?.snapshot?.tables[0]?.bytes).toBeGreaterThan(1_000_000)
    const kinds = report?.steps.map(({ kind }) => kind) ?? []
    expect(kinds.indexOf('verify-snapshot')).toBeGreaterThan(kinds.indexOf('retire'))
    expect(await revisionOf(world)).toEqual([BEFORE])
    expect(report?.loss).toBe('No data was lost.')
  })

  test('rows are destroyed only after DevOps and DBA have heard how many, and have said yes (MEM-34, CON-27)', async () => {
    world.stack.clock.travel(8 * DAY)
    world.approvers = EVERYBODY.filter(({ role }) => role === 'dba')
    expect((await world.run('purge')).problem?.error).toBe('Approval.Missing')
    world.approvers = EVERYBODY
    const { report, problem } = await world.run('purge')
    expect(problem).toBeNull()
    expect(report?.approvals.map(({ role }) => role).sort()).toEqual(['dba', 'devops'])
    expect(report?.loss).toContain('10,000 rows')
  })

  test('a restore from the snapshot is compared with the counts of before, table by table, and brings the revision back (MEM-50, MEM-51, DEF-61)', async () => {
    const { report, problem } = await world.run('restore')
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('restored')
    expect(detailOf(report, 'swap-in')).toBe('1 tables, 10000 rows in place')
    expect(await stateOf(world)).toEqual(before)
  })
})
