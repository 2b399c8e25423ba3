import fc from 'fast-check'
import { expect, test } from 'vitest'
import { describePostgres } from '#test/support/database.ts'
import { comesBack } from './generated/comes-back.ts'
import type { Actor } from './generated/database.ts'
import { generateSchema, schemaShape } from './generated/schema.ts'

/**
 * The same schemas on every run, unless somebody asks for others. A failure prints the SQL, and a seed and a path: with both
 * (and the title, by -t) it alone is repeated; with ROUND_TRIP_SHRINK=1 it is made smaller, table by table and trait by trait.
 */
const { ROUND_TRIP_SEED, ROUND_TRIP_DATABASES = '16', ROUND_TRIP_PATH, ROUND_TRIP_SHRINK } = process.env
const TABLES = 14
const ACTORS: readonly Actor[] = ['the role of the bootstrap', 'the master user']

describePostgres('whatever a table can have', () => {
  test.concurrent.each(ACTORS)('comes back identical after undo, and after purge and restore, by %s', async (actor) => {
    let tables = 0
    let parts = 0
    const property = fc.asyncProperty(schemaShape(TABLES), async (shape) => {
      const done = await comesBack((where) => generateSchema(shape, where), actor)
      tables += done.tables
      parts += done.parts
    })
    await fc.assert(property, {
      seed: ROUND_TRIP_SEED ? Number(ROUND_TRIP_SEED) : 20_261_121 + ACTORS.indexOf(actor),
      numRuns: Number(ROUND_TRIP_DATABASES) / ACTORS.length,
      ...(ROUND_TRIP_PATH ? { path: ROUND_TRIP_PATH } : {}),
      endOnFailure: !ROUND_TRIP_SHRINK,
    })
    // Most tables are larger than one part.
    expect(parts).toBeGreaterThan(tables)
  }, 900_000)
})
