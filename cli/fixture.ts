import { postgres } from '#aws/postgres.ts'
import { RollbackError } from '#core/errors.ts'
import { printTable } from '#core/names.ts'
import { fixtureOf } from '#core/plan/fixture.ts'
import { loadPlan } from '#core/plan/load.ts'
import type { Session } from '#core/ports.ts'
import { counted, duration } from '#core/report/figures.ts'
import { sql } from '#core/sql/tag.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { findPlan } from './plans.ts'

export interface FixtureOptions {
  readonly databaseUrl: string
  readonly rows: number
  readonly plans?: string
}

/** Relations that somebody made: not the server's, and not an extension's. */
const madeByPeople = sql`
  select n.nspname as schema, c.relname as name from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
    and n.nspname !~ '^pg_(toast_)?temp_'
    and not exists (select from pg_catalog.pg_depend d
      where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
  order by (c.relkind in ('r', 'p')) desc, 1, 2`

/** A fixture brings the sentinel: in a database with tables it would make the wrong one the right one. */
const requireEmpty = async (session: Session, label: string): Promise<void> => {
  const { rows } = await session.query<{ schema: string; name: string }>(madeByPeople)
  const [first] = rows
  if (!first) return
  const others = rows.length > 1 ? ` and ${rows.length - 1} more` : ''
  throw new RollbackError('Fixture.NotEmpty', `Database "${label}" has "${printTable(first)}"${others}.`, {
    fix: 'Nothing was changed. Load the fixture into a new, empty database: createdb drill, or drop that one first.',
    category: 'refused',
  })
}

/** `vector-rollback fixture`: the data of the plan's drill in an empty database of one's own. */
export const fixture = async (name: string, options: FixtureOptions): Promise<ExitCode> => {
  const { databaseUrl, rows } = options
  const plan = await loadPlan(await findPlan(name, options.plans))
  const { load } = await fixtureOf(plan.directory)
  const database = postgres({ url: databaseUrl })
  const started = performance.now()
  await database.session({ applicationName: 'vector-rollback:fixture', statementTimeout: 0 }, async (session) => {
    await requireEmpty(session, database.label)
    process.stderr.write(`Loading the fixture of ${plan.name} into ${database.label} …\n`)
    await load(session, { rows })
  })
  const took = duration(performance.now() - started)
  process.stdout.write(
    `${database.label}: fixture of ${plan.name}, ${counted(rows, 'row')} in its largest table, ${took}\n`,
  )
  return EXIT.ok
}
