import { named } from '#core/ddl/render/names.ts'
import { doBlock } from '#core/plan-init/block.ts'
import type { DatabaseFacts } from '#core/plan-init/facts.ts'
import { MOST_ROWS, makeRows } from '#core/plan-init/fixture-rows.ts'
import { fixtureTables } from '#core/plan-init/fixture-schema.ts'
import { sql } from '#core/sql/tag.ts'

/** `rows.sql` of the fixture, and the tables that it does not even try to fill. */
export const rowsFile = (facts: DatabaseFacts): { readonly text: string; readonly empty: readonly string[] } => {
  const made = fixtureTables(facts)
    .filter(({ partitionOf }) => !partitionOf)
    .map((definition) => ({
      printed: named(definition.table).text,
      statement: makeRows(definition, facts.surroundings.types),
    }))
  return {
    text: [
      '-- Generated rows, one by one: one that a constraint does not allow is left out. None of them is, or was made of, a real row.',
      ...made.flatMap(({ statement }) => (statement === null ? [] : [`${statement.text};`])),
      '',
    ].join('\n'),
    empty: made.flatMap(({ printed, statement }) => (statement === null ? [printed] : [])),
  }
}

/** What makes the sentinel true of a drill's database, where that is its comment. */
const comment = ({ comment: text }: DatabaseFacts): string =>
  text === null
    ? ''
    : `
    // As the real one says of itself: the sentinel asks for it.
    await session.script(${JSON.stringify(
      doBlock(
        `begin execute pg_catalog.format('comment on database %I is %L', pg_catalog.current_database(), ${sql.literal(text).text}); end`,
      ).text,
    )})`

/** `fixture.ts`. It imports nothing of the project, so that a plan may lie anywhere. */
export const fixtureModule = (facts: DatabaseFacts): string => {
  const tables = fixtureTables(facts)
    .filter(({ partitionOf }) => !partitionOf)
    .map(({ table }) => named(table).text)
  return `import { readFile } from 'node:fs/promises'

interface Session {
  script(text: string): Promise<void>
  query<R extends Record<string, unknown>>(statement: { text: string; values: readonly unknown[] }): Promise<{ rows: R[] }>
}

const text = (name: string) => readFile(new URL(name, import.meta.url), 'utf8')

/** A drill moves rows, it does not search them: few are enough. */
const MOST_ROWS = ${MOST_ROWS}

const TABLES = ${JSON.stringify(tables, null, 2)}

/** Tables without rows are drilled as well, and prove less. */
const nameEmpty = async (session: Session) => {
  const counts = TABLES.map((table, place) => \`select \${place} as place, exists (select from \${table}) as filled\`)
  const { rows } = await session.query<{ place: number; filled: boolean }>({
    text: \`\${counts.join(' union all ')} order by 1\`,
    values: [],
  })
  const empty = rows.flatMap(({ place, filled }) => (filled ? [] : [TABLES[place]]))
  if (empty.length > 0) process.stderr.write(\`No generated row fits \${empty.join(', ')}: see fixture/rows.sql.\\n\`)
}

/** The schema of the real database as far as the plan needs it, with generated rows. Written by plan init; change it as you like. */
export const fixture = {
  async load(session: Session, { rows }: { readonly rows: number }): Promise<void> {
    await session.script(await text('schema.sql'))
    await session.script(\`select pg_catalog.set_config('vector_rollback.rows', '\${Math.min(rows, MOST_ROWS)}', false)\`)
    await session.script(await text('rows.sql'))
    await nameEmpty(session)
    await session.script(await text('protect.sql'))${comment(facts)}
  },
}
`
}
