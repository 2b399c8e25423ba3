import fc from 'fast-check'
import type { Application, Where } from './database.ts'
import { GeneratedTable, KEYS, type TableShape } from './table.ts'
import { statementsOf, TRAITS } from './traits.ts'
import { WHOLES } from './wholes.ts'
import { makeWorld, worldStatements } from './world.ts'

/** What is drawn for a database; fewer tables, columns and traits are simpler. */
export interface SchemaShape {
  readonly seed: number
  readonly tables: readonly TableShape[]
  /** Names of what spans tables. */
  readonly wholes: readonly string[]
}

const seed = fc.noShrink(fc.integer())
const table: fc.Arbitrary<TableShape> = fc.record({
  seed,
  key: fc.constantFrom(...KEYS),
  columns: fc.array(fc.noShrink(fc.nat({ max: 999 })), { maxLength: 7, size: 'max' }),
  rows: fc.constantFrom(0, 3, 40, 400),
  // Each trait on about every third table.
  traits: fc
    .array(fc.integer({ min: 0, max: 2 }), { minLength: TRAITS.length, maxLength: TRAITS.length })
    .map((dice) => TRAITS.filter((_, i) => dice[i] === 2).map(({ name }) => name)),
})

export const schemaShape = (tables: number): fc.Arbitrary<SchemaShape> =>
  fc.record({
    seed,
    tables: fc.array(table, { minLength: 1, maxLength: tables, size: 'max' }),
    wholes: fc.subarray(WHOLES.map(({ name }) => name)),
  })

export function generateSchema(shape: SchemaShape, where: Where): Application {
  const world = makeWorld(shape.seed, where.server, where.superuser, where.rolePrefix)
  const tables = shape.tables.map((each) => new GeneratedTable(world, each))
  const statements = [...worldStatements(world)]
  for (const table of tables) {
    statements.push(...table.create().map((text) => ({ as: table.owner, text })))
    world.tables.push(table)
  }
  for (const trait of TRAITS) {
    for (const table of tables.filter((each) => each.has(trait.name))) statements.push(...statementsOf(trait, table))
  }
  for (const whole of WHOLES.filter(({ name }) => shape.wholes.includes(name))) statements.push(...whole.of(world))
  const { owner, second } = world.roles
  return {
    tables: [...tables.map((each) => each.table), ...world.roots],
    roles: Object.values(world.roles),
    owners: [owner, second],
    statements,
  }
}
