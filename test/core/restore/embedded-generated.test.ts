import fc from 'fast-check'
import { expect, test } from 'vitest'
import { captureTables } from '#core/ddl/capture.ts'
import { expandTrees } from '#core/ddl/trees.ts'
import type { Table } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'
import { embedded } from '#local/embedded.ts'
import { SERVER } from '#test/postgres/generated/database.ts'
import { purgedAndRestored, thereAndBack } from '#test/postgres/generated/round-trip.ts'
import { generateSchema, type SchemaShape, schemaShape } from '#test/postgres/generated/schema.ts'
import { scriptOf } from '#test/postgres/generated/script.ts'
import type { Server } from '#test/postgres/generated/world.ts'
import { newBucket } from '#test/postgres/snapshot-bucket.ts'

const { ROUND_TRIP_SEED = '20261121', ROUND_TRIP_PATH, ROUND_TRIP_SHRINK } = process.env

/** There is no `pg_dump` here: the definitions as they are captured, and the rows as text. */
async function look(session: Session, roots: readonly Table[]) {
  const tables = await expandTrees(session, roots)
  const definitions = await captureTables(session, tables)
  const rows: unknown[] = []
  for (const { schema, name } of tables) {
    rows.push((await session.query(sql`select t::text as row from only ${sql.id(schema, name)} t order by 1`)).rows)
  }
  return { definitions: definitions.map(({ oid: _, ...definition }) => definition), rows }
}

async function comesBack(shape: SchemaShape): Promise<void> {
  const database = await embedded()
  const run = <T>(work: (session: Session) => Promise<T>) => database.session({ applicationName: 'test' }, work)
  try {
    const schema = await run(async (session) => {
      await session.script('create extension vector schema public')
      const { rows } = await session.query<Server & Record<string, unknown>>({ text: SERVER, values: [] })
      if (!rows[0]) throw new TypeError('a server has a version')
      return generateSchema(shape, { server: rows[0], superuser: 'postgres', rolePrefix: 'g_' })
    })
    const { roles, owners, tables, statements } = schema
    const preparation = [
      ...roles.map((role) => sql`create role ${sql.id(role)}`),
      ...owners.map((owner) => sql`grant create on schema public to ${sql.id(owner)}`),
    ]
    await run(async (session) => {
      await session.script(
        `set search_path = "$user", public;\n${preparation.map(({ text }) => `${text};`).join('\n')}`,
      )
      await session.script(scriptOf(statements))
    })
    const before = await run((session) => look(session, tables))
    const place = { database, objects: await newBucket(), tables }
    await thereAndBack(place)
    expect(await run((session) => look(session, tables))).toEqual(before)
    await purgedAndRestored(place)
    expect(await run((session) => look(session, tables))).toEqual(before)
  } finally {
    await database.close()
  }
}

test('whatever a table can have comes back identical in the embedded database, the newest PostgreSQL', async () => {
  await fc.assert(fc.asyncProperty(schemaShape(5), comesBack), {
    seed: Number(ROUND_TRIP_SEED),
    numRuns: 3,
    ...(ROUND_TRIP_PATH ? { path: ROUND_TRIP_PATH } : {}),
    endOnFailure: !ROUND_TRIP_SHRINK,
  })
}, 600_000)
