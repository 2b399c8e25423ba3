import { access } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { RollbackError } from '#core/errors.ts'
import type { Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

/** The drill's data of a plan: `fixture/fixture.ts` in its folder exports `fixture`. */
export interface Fixture {
  /**
   * Makes the schema and the rows in an empty database, which the session's role owns, and the sentinel. The same rows
   * for the same number. Memory does not grow with `rows`, the number of rows of the largest table. With a `scenario` it is
   * the system that this one is for; without, or where a scenario needs nothing else, the system in normal service.
   */
  readonly load: (
    session: Session,
    options: { readonly rows: number; readonly scenario?: string | undefined },
  ) => Promise<void>
}

const isFixture = (value: unknown): value is Fixture =>
  typeof value === 'object' && value !== null && 'load' in value && typeof value.load === 'function'

const MARK = 'fixture of '

/** No real database says so of itself: by this one knows where the application may be played. */
const mark = (plan: string) => sql`comment on schema public is ${sql.literal(`${MARK}${plan}`)}`

/** The plan whose fixture a database is; `null` for a real one. */
export const fixtureIn = async (session: Session): Promise<string | null> => {
  const { rows } = await session.query<{ text: string | null }>(
    sql`select pg_catalog.obj_description('public'::pg_catalog.regnamespace, 'pg_namespace') as text`,
  )
  const text = rows[0]?.text ?? ''
  return text.startsWith(MARK) ? text.slice(MARK.length) : null
}

const marked = (fixture: Fixture, plan: string): Fixture => ({
  load: async (session, options) => {
    await fixture.load(session, options)
    await session.query(mark(plan))
  },
})

/** The fixture of the plan in a folder. What it has loaded is marked as such. Throws `Plan.NoFixture`. */
export const fixtureOf = async (directory: string): Promise<Fixture> => {
  const file = resolve(directory, 'fixture', 'fixture.ts')
  const present = await access(file).then(
    () => true,
    () => false,
  )
  const module: unknown = present ? await import(pathToFileURL(file).href) : null
  const fixture = typeof module === 'object' && module !== null && 'fixture' in module ? module.fixture : null
  if (isFixture(fixture)) return marked(fixture, basename(directory))
  throw new RollbackError('Plan.NoFixture', `"${file}" does not export a fixture.`, {
    fix: 'Write one like plans/pgvector-search/fixture, or drill on a database of your own with --database-url.',
    category: 'usage',
  })
}
