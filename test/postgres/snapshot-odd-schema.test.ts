import { afterAll, beforeAll, expect, test } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import { createOddDatabase, dumpSchema, type OddDatabase, query, tables } from '#test/postgres/ddl-roundtrip-schema.ts'
import { newBucket } from '#test/postgres/snapshot-bucket.ts'
import { purgeChosen, restoreAll, snapshotAll, type Work } from '#test/postgres/snapshot-world.ts'
import { describePostgres } from '#test/support/database.ts'

const look = (db: OddDatabase) =>
  Promise.all([
    query(db.superuserUrl, 'select d::text from public.docs d order by id'),
    query(db.superuserUrl, 'select c::text from "Odd ""Schema""; é"."Chunks; ""é"" ü" c order by serial_id'),
    query(db.superuserUrl, 'select q::text from public.queue q order by id'),
    query(
      db.superuserUrl,
      `select schemaname, sequencename, last_value from pg_sequences where schemaname not like 'vector_rollback%' order by 1, 2`,
    ),
  ])

describePostgres('the role that the bootstrap makes', () => {
  let db: OddDatabase
  beforeAll(async () => {
    db = await createOddDatabase()
  })
  afterAll(() => db.drop())

  test('brings back what it purged, with everything that a table can have', async () => {
    const database = postgres({ url: db.urlOf(db.product) })
    const work: Work = {
      database,
      objects: await newBucket(),
      tables,
      session: (body) => database.session({ applicationName: 'vector-rollback:search:1:test' }, body),
    }
    const before = { rows: await look(db), dump: await dumpSchema(db) }
    await snapshotAll(work)
    expect(await purgeChosen(work)).toMatchObject({ changed: true })
    expect(await restoreAll(work)).toMatchObject({ changed: true, unvalidated: [] })
    expect(await look(db)).toEqual(before.rows)
    expect((await dumpSchema(db)).split('\n')).toEqual(before.dump.split('\n'))
  })
})
