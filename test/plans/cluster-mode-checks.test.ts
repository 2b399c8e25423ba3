import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import { checkPlan } from '#core/plan/check.ts'
import { fixtureOf } from '#core/plan/fixture.ts'
import { loadPlan } from '#core/plan/load.ts'
import type { Database } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'
import { embedded } from '#local/embedded.ts'
import { sqlOf } from '#test/plans/sql-checks.ts'
import { createDatabase, describePostgres } from '#test/support/database.ts'

const directory = fileURLToPath(new URL('../../plans/cluster-mode', import.meta.url))
const ROWS = 400
const FULL = ['tables-out-of-sight', 'collections-undefined', 'vectors-undefined']
const RETIRED = `
  create schema out_of_reach;
  alter table public.vectors set schema out_of_reach;
  alter table out_of_reach.vectors rename to retired_1;
  alter table public.collections set schema out_of_reach;
  alter table out_of_reach.collections rename to retired_2;`
/** As somebody who is no tenant and sees every row. */
const seeing = (change: string) =>
  `alter table public.vectors no force row level security; ${change}; alter table public.vectors force row level security`
const CANARY = '00000000-0000-4000-8000-000000000001'

it('the plan has no problems', async () => {
  expect(await checkPlan(directory)).toEqual([])
})

const suite = (open: () => Promise<{ database: Database; close: () => Promise<void> }>): void => {
  let close = async () => {}
  let asked: ReturnType<typeof sqlOf>
  beforeAll(async () => {
    const plan = await loadPlan(directory)
    const opened = await open()
    close = opened.close
    const fixture = await fixtureOf(directory)
    await opened.database.session({ applicationName: 'fixture', statementTimeout: 0 }, (session) =>
      fixture.load(session, { rows: ROWS }),
    )
    asked = sqlOf(plan, opened.database)
  }, 60_000)
  afterAll(() => close())

  it('the checks of flag, partial, restore and re-enabling hold in the system as it is', async () => {
    for (const moment of ['flag', 'partial', 'restore', 're-enable'] as const)
      expect([moment, await asked.failing(moment)]).toEqual([moment, []])
  })

  it('the checks of full hold when the store is out of reach, and only then; a right that is missing is not removal', async () => {
    expect(await asked.failing('full')).toEqual(FULL)
    expect(await asked.failing('full', 'revoke all on public.vectors, public.collections from vectorizer_app')).toEqual(
      FULL,
    )
    expect(await asked.failing('full', RETIRED)).toEqual([])
  })

  it.each([
    [
      'lost vectors',
      seeing(`delete from public.vectors where tenant_id = '${CANARY}' and key <> 'v-1'`),
      ['nothing-lost'],
    ],
    [
      'vectors that the service has not written',
      seeing(`update public.vectors set payload = '{"forged": true}' where tenant_id = '${CANARY}' and key = 'v-2'`),
      ['nothing-corrupt'],
    ],
    [
      'a search that finds the wrong vectors',
      seeing(`update public.vectors set key = key || 'x' where tenant_id = '${CANARY}' and key = 'v-1'`),
      ['search-answers'],
    ],
    ['an index that is gone', 'drop index public.vectors_embedding_idx', ['vector-index-valid']],
    [
      'row-level security switched off',
      'alter table public.vectors disable row level security',
      ['tenants-isolated', 'row-security-enforced'],
    ],
    [
      'a key that is gone',
      'alter table public.vectors drop constraint vectors_collection_id_fkey',
      ['foreign-keys-valid'],
    ],
    ['tenants that nobody can read', 'revoke select on public.tenants from vectorizer_app', ['tenants-readable']],
  ])('a restore that left %s is noticed (VEC-56, VEC-59)', async (_, change, failed) => {
    expect(await asked.failing('restore', change)).toEqual(failed)
  })

  it('no probe fires in the system as it is; corruption, a breach and a broken follower each fire their own (VEC-13, VEC-16, VEC-19)', async () => {
    expect(await asked.firing()).toEqual([])
    expect(
      await asked.firing(
        seeing(`update public.vectors set payload = '{}' where tenant_id = '${CANARY}' and key = 'v-3'`),
      ),
    ).toEqual(['data-corruption: 1'])
    expect(await asked.firing('alter table public.collections disable row level security')).toEqual([
      'cross-tenant-breach: 3',
    ])
    expect(
      await asked.firing("update public.replication_state set state = 'broken' where replica = 'follower-1'"),
    ).toEqual(['replication-failing: 1'])
  })

  it('the fixture has the same rows on every server, and no vector twice', async () => {
    const rows = await asked.after(
      'alter table public.vectors no force row level security',
      async (session) =>
        (
          await session.query(sql`
            select pg_catalog.count(*)::int as rows, pg_catalog.count(distinct embedding::text)::int as distinct,
              pg_catalog.md5(pg_catalog.string_agg(checksum, '' order by id)) as digest
            from public.vectors`)
        ).rows,
    )
    expect(rows).toEqual([{ rows: ROWS, distinct: ROWS, digest: DIGEST }])
  })
}

/** Pinned: the same from PostgreSQL 15 on a server and 18 in this process. */
const DIGEST = '0cfe56f5a23d2282ab972db829e837b4'

describe('cluster-mode on the embedded database', () =>
  suite(async () => {
    const database = await embedded()
    return { database, close: () => database.close() }
  }))

describePostgres('cluster-mode on a real server, as a master user that is no superuser', () =>
  suite(async () => {
    const created = await createDatabase()
    return { database: postgres({ url: created.url }), close: () => created.drop() }
  }),
)
