import { access } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { RollbackError } from '#core/errors.ts'
import type { Session } from '#core/ports.ts'

/** The drill's data of a plan: `fixture/fixture.ts` in its folder exports `fixture`. */
export interface Fixture {
  /**
   * Makes the schema and the rows in an empty database, which the session's role owns, and the sentinel. The same rows
   * for the same number. Memory does not grow with `rows`, the number of rows of the largest table.
   */
  readonly load: (session: Session, options: { readonly rows: number }) => Promise<void>
}

const isFixture = (value: unknown): value is Fixture =>
  typeof value === 'object' && value !== null && 'load' in value && typeof value.load === 'function'

/** The fixture of the plan in a folder. Throws `Plan.NoFixture`. */
export const fixtureOf = async (directory: string): Promise<Fixture> => {
  const file = resolve(directory, 'fixture', 'fixture.ts')
  const present = await access(file).then(
    () => true,
    () => false,
  )
  const module: unknown = present ? await import(pathToFileURL(file).href) : null
  const fixture = typeof module === 'object' && module !== null && 'fixture' in module ? module.fixture : null
  if (isFixture(fixture)) return fixture
  throw new RollbackError('Plan.NoFixture', `"${file}" does not export a fixture.`, {
    fix: 'Write one like plans/pgvector-search/fixture, or drill on a database of your own with --database-url.',
    category: 'usage',
  })
}
