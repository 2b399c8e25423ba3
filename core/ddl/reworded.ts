import { captureTable } from '#core/ddl/capture.ts'
import type { TableDefinition } from '#core/ddl/definition.ts'
import { type DependentDefinition, isView, type ViewDefinition } from '#core/ddl/dependents/definition.ts'
import { readViews } from '#core/ddl/dependents/views.ts'
import { asItWas } from '#core/ddl/render/expression.ts'
import { TEMPORARY, textsOf, trialOf, trialStatements } from '#core/ddl/render/trial.ts'
import type { Finding } from '#core/ddl/unsupported.ts'
import { printTable } from '#core/names.ts'
import type { Row, Session } from '#core/ports.ts'
import { sqlState } from '#core/sql/errors.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

interface Means extends Row {
  readonly database: string
  readonly temporary: boolean
  readonly standby: boolean
}

/**
 * What a snapshot would give back with another text: conditions that PostgreSQL prints in one way, and in another once it has
 * read that. Tried out with empty temporary tables, in a transaction that is rolled back: the tables themselves are neither
 * locked nor read, what their policies and views name is for a moment (ACCESS SHARE). A standby can try nothing out: no findings.
 * Looks at each table by itself, without keys, owners and settings: those have no conditions in them.
 */
export async function findReworded(
  session: Session,
  tables: readonly TableDefinition[],
  dependents: readonly DependentDefinition[],
): Promise<Finding[]> {
  const trials = tables.map((definition) => ({ definition, trial: trialOf(definition, tables) }))
  const worth = trials.filter(({ trial }) => textsOf(trial).size > 0)
  const views = dependents.filter(isView)
  if (worth.length + views.length === 0) return []
  const { rows } = await session.query<Means>(sql`
    select current_database()::text as database, pg_is_in_recovery() as standby,
      has_database_privilege(current_database(), 'TEMPORARY') as temporary`)
  const [means] = rows
  if (!means || means.standby) return []
  if (!means.temporary) return [withoutMeans(means.database)]
  return rolledBack(session, async () => {
    // A preview's sessions are read-only, and nothing of this stays.
    await session.query(sql`set transaction read write`)
    const findings: Finding[] = []
    for (const { definition, trial } of worth) {
      findings.push(
        ...(await trying(session, `table ${printTable(definition.table)}`, () => tryTable(session, definition, trial))),
      )
    }
    for (const view of views) findings.push(...(await trying(session, view.object, () => tryView(session, view))))
    return findings
  })
}

const withoutMeans = (database: string): Finding => ({
  object: `database ${database}`,
  why: `lets this role make no temporary tables, so that nobody can tell whether a snapshot gives back the conditions on the tables as they are: ${
    sql`grant temporary on database ${sql.id(database)} to current_user`.text
  }`,
})

async function tryTable(session: Session, { table }: TableDefinition, trial: TableDefinition): Promise<Finding[]> {
  await session.script(asScript(trialStatements(trial)))
  const schema = await temporarySchema(session)
  const made = textsOf(await captureTable(session, { schema, name: trial.table.name }))
  return [...textsOf(trial)].flatMap(([object, was]) => {
    const [before, after] = [was, made.get(object)].map((text) => withoutSchema(text, schema))
    return before === after ? [] : [reworded(`${object} of ${printTable(table)}`, before, after)]
  })
}

/** Some of it is printed with the schema of temporary tables, in one of its names or the other. */
const withoutSchema = (text: string | undefined, schema: string): string | undefined =>
  text?.replaceAll(`${schema}.`, '').replaceAll(`${TEMPORARY}.`, '')

async function tryView(session: Session, { object, query, kind }: ViewDefinition): Promise<Finding[]> {
  const name = 'view on trial'
  await session.query(sql`create view ${sql.id(TEMPORARY, name)} as ${asItWas(query)}`)
  const { rows } = await session.query<{ oid: number }>(sql`
    select oid from pg_class where relnamespace = pg_my_temp_schema() and relname = ${name}`)
  const [made] = await readViews(
    session,
    rows.map(({ oid }) => oid),
  )
  return made?.query === query
    ? []
    : [reworded(`query of ${kind} ${object.slice(kind.length + 1)}`, query, made?.query)]
}

const reworded = (object: string, was: string | undefined, is: string | undefined): Finding => {
  const difference = `is printed as ${was}, and would be as ${is ?? 'nothing'} when a snapshot has come back`
  const remedy = 'made anew from its print once, it stays as it is'
  return {
    object,
    why: `${difference}: the same meaning in another text; ${remedy}`,
    // A restore tells its own indexes from others by their definitions.
    ...(object.startsWith('index ')
      ? { never: `${difference}, so that a restore would not know it again; ${remedy}` }
      : {}),
  }
}

/** Each by itself: what one cannot have says nothing about the next. */
async function trying(session: Session, what: string, work: () => Promise<Finding[]>): Promise<Finding[]> {
  await session.query(sql`savepoint trial`)
  try {
    return await work()
  } catch (error) {
    // Without a connection, or under a time-out, nothing was found out.
    const state = sqlState(error)
    if (state === null || /^(08|40|53|55|57|58|XX)/.test(state)) throw error
    const reason = error instanceof Error ? error.message : String(error)
    return [
      {
        object: `definition of ${what}`,
        why: `could not be made anew, so that nobody can tell what a snapshot would give back: ${reason}`,
      },
    ]
  } finally {
    await session.query(sql`rollback to savepoint trial`).catch(() => undefined)
  }
}

const asScript = (statements: readonly Sql[]): string => statements.map(({ text }) => `${text};\n`).join('')

async function temporarySchema(session: Session): Promise<string> {
  const { rows } = await session.query<{ name: string }>(
    sql`select nspname::text as name from pg_namespace where oid = pg_my_temp_schema()`,
  )
  return rows[0]?.name ?? TEMPORARY
}

/** The answer of work of which nothing stays in the database. */
async function rolledBack<T>(session: Session, work: () => Promise<T>): Promise<T> {
  const end = new Error('rolled back on purpose')
  let answer: { readonly of: T } | undefined
  try {
    await session.transaction(async () => {
      answer = { of: await work() }
      throw end
    })
  } catch (error) {
    if (error !== end) throw error
  }
  if (!answer) throw end
  return answer.of
}
