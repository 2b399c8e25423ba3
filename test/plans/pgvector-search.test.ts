import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import { checkPlan } from '#core/plan/check.ts'
import { fixtureOf } from '#core/plan/fixture.ts'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import type { Database, Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'
import { embedded } from '#local/embedded.ts'
import { sqlOf } from '#test/plans/sql-checks.ts'
import { createDatabase, describePostgres } from '#test/support/database.ts'

const directory = fileURLToPath(new URL('../../plans/pgvector-search', import.meta.url))
const ROWS = 2000

test('the plan has no problems', async () => {
  expect(await checkPlan(directory)).toEqual([])
})

const RETIRED = `
  create schema out_of_reach;
  alter table public.embeddings set schema out_of_reach;
  alter table out_of_reach.embeddings rename to retired_1;
  alter table public.document_chunks set schema out_of_reach;
  alter table out_of_reach.document_chunks rename to retired_2;`
const PURGED = 'drop table public.embeddings, public.document_chunks'
const FULL = ['tables-out-of-sight', 'embeddings-undefined', 'chunks-undefined']

const suite = (open: () => Promise<{ database: Database; close: () => Promise<void> }>): void => {
  let database: Database
  let close = async () => {}
  let plan: Plan
  beforeAll(async () => {
    plan = await loadPlan(directory)
    ;({ database, close } = await open())
    const fixture = await fixtureOf(directory)
    await inSession((session) => fixture.load(session, { rows: ROWS }))
  }, 60_000)
  afterAll(() => close())

  const inSession = <T>(work: (session: Session) => Promise<T>): Promise<T> =>
    database.session({ applicationName: 'test', statementTimeout: 0 }, work)

  const failing: ReturnType<typeof sqlOf>['failing'] = (...of) => sqlOf(plan, database).failing(...of)

  test('the sentinel knows its own database', async () => {
    const { sentinel } = plan.database
    const { rows } = await inSession((session) => session.query(sql.raw(plan.sql[sentinel.sql] ?? '')))
    expect(rows.map((row) => Object.values(row))).toEqual([[sentinel.equals]])
  })

  test('the checks of flag, restore and re-enabling hold in the system as it is', async () => {
    expect(await failing('flag')).toEqual([])
    expect(await failing('restore')).toEqual([])
    expect(await failing('re-enable')).toEqual([])
  })

  test('the checks of partial hold without the index, and only then (PGV-22, PGV-23)', async () => {
    expect(await failing('partial')).toEqual(['no-vector-index'])
    expect(await failing('partial', 'drop index public.embeddings_embedding_idx')).toEqual([])
  })

  test('the checks of full hold when the tables are out of reach, and only then (PGV-34, PGV-45)', async () => {
    expect(await failing('full')).toEqual(FULL)
    expect(await failing('full', RETIRED)).toEqual([])
  })

  test('a right that is missing does not pass for a table that is gone (PGV-45, DEF-14, DEF-63)', async () => {
    const revoked = 'revoke all on public.embeddings, public.document_chunks from pgvector_search_app'
    expect(await failing('full', revoked)).toEqual(FULL)
  })

  test('the checks of purge hold when the retired tables are gone too, and only then', async () => {
    expect(await failing('purge', RETIRED)).toEqual(['no-vector-column'])
    expect(await failing('purge', PURGED)).toEqual([])
  })

  test.each([
    ['drop index public.embeddings_embedding_idx', ['vector-index-valid']],
    ['alter table public.embeddings no force row level security', ['row-security-enforced']],
    ['alter table public.embeddings disable row level security', ['row-security-enforced', 'tenants-isolated']],
    [
      'drop policy chunks_of_tenant on public.document_chunks',
      ['text-search-answers', 'chunks-have-rows', 'row-security-enforced'],
    ],
    ['alter table public.embeddings drop constraint embeddings_chunk_id_fkey', ['foreign-keys-valid']],
    ['truncate public.embeddings', ['embeddings-have-rows', 'vector-search-answers']],
    ['revoke select on public.machines from pgvector_search_app', ['machines-readable']],
  ])('a restore that left this behind is noticed: %s (PGV-44, DEF-31)', async (change, failed) => {
    expect(await failing('restore', change)).toEqual(failed)
  })

  test('no probe fires in the system as it is, and the leak probe does without row-level security', async () => {
    const { firing } = sqlOf(plan, database)
    expect(await firing()).toEqual([])
    expect(await firing('alter table public.embeddings disable row level security')).toEqual([
      'cross-tenant-leak: 1333',
      'row-security-gap: 1',
    ])
  })

  test('the fixture has the same rows on every server: as many as asked for, no embedding twice', async () => {
    const { rows } = await inSession(async (session) => {
      await session.script('begin; alter table public.embeddings no force row level security')
      const answer = await session.query(sql`
        select pg_catalog.count(*)::int as rows, pg_catalog.count(distinct embedding::text)::int as distinct,
          pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(
            pg_catalog.string_agg(pg_catalog.md5(chunk_id || embedding::text || (updated_at at time zone 'UTC')::text), '' order by id), 'UTF8')), 'hex') as digest
        from public.embeddings`)
      await session.script('rollback')
      return answer
    })
    expect(rows).toEqual([{ rows: ROWS, distinct: ROWS, digest: DIGEST }])
  })
}

/** Pinned: the same from PostgreSQL 15 on a server and 18 in this process. */
const DIGEST = '39b03f0cffe96ee21280d6aacd1f89379eac88a9f2d27142e469b0e1aaac46fa'

describe('pgvector-search on the embedded database', () =>
  suite(async () => {
    const database = await embedded()
    return { database, close: () => database.close() }
  }))

describePostgres('pgvector-search on a real server, as a master user that is no superuser', () =>
  suite(async () => {
    const created = await createDatabase()
    return { database: postgres({ url: created.url }), close: () => created.drop() }
  }),
)
