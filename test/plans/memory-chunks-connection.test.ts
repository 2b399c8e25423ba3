import { expect, onTestFinished, test } from 'vitest'
import { startWire, type Wire } from '#test/faults/wire.ts'
import { BEFORE, revisionOf, startMemory, statuses } from '#test/plans/memory-chunks-world.ts'
import { describePostgres } from '#test/support/database.ts'

describePostgres('memory-chunks when the connection is lost in the middle', () => {
  const lose = async (when: (wire: Wire) => Promise<void>) => {
    let wire: Wire | undefined
    const world = await startMemory(100, async (url) => {
      wire = await startWire(url)
      return wire.url
    })
    onTestFinished(async () => {
      await world.close()
      await wire?.close()
    })
    if (!wire) throw new Error('the world goes by way of the wire')
    const lost = when(wire).then(() => wire?.cut())
    const { report, problem } = await world.run('full')
    await lost
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('rolled-back')
    expect(statuses(report)).toEqual(new Set(['pass']))
    expect(await revisionOf(world)).toEqual([BEFORE])
    // Every row is out of reach, once, and can be moved back.
    const [moved] = await world.query<{ name: string }>(`
      select c.oid::regclass::text as name from pg_class as c where relname ~ '^r[0-9a-f]{12}_[0-9]+$' and relkind = 'r'`)
    expect(await world.query(`select count(*)::int as rows from ${moved?.name}`)).toEqual([{ rows: 100 }])
    expect(await world.query('select count(*)::int as n from vector_rollback_retired.retirements')).toEqual([{ n: 1 }])
  }

  test('before the server hears of the commit: the retry does it all, once (MEM-35, MEM-36)', () =>
    lose((wire) => wire.before(['insert into "vector_rollback_retired"', 'commit'])))

  test('after it, with nobody knowing: the retry finds it done, and undoes no second revision (MEM-35, MEM-36, DEF-51)', () =>
    lose((wire) => wire.after(['insert into "vector_rollback_retired"', 'commit'])))
})
