import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findRelations } from '#core/ddl/catalogue/locate.ts'
import { captureDependents } from '#core/ddl/dependents/capture.ts'
import { createDependents } from '#core/ddl/dependents/create.ts'
import { isMembership } from '#core/ddl/dependents/definition.ts'
import { dropDependents } from '#core/ddl/dependents/drop.ts'
import { leavePublication } from '#core/ddl/dependents/publish.ts'
import type { PlanName, RetirementId } from '#core/names.ts'
import type { Database, Session } from '#core/ports.ts'
import { bootstrapStatements } from '#core/retire/bootstrap.ts'
import { retire } from '#core/retire/retire.ts'
import { undoRetire } from '#core/retire/undo.ts'
import { embedded } from '#local/embedded.ts'
import { realClock as clock } from '#test/support/clock.ts'

const plan = 'pgvector-search' as PlanName
const tables = [{ schema: 'public', name: 'docs' }]

const schema = `
  create table public.docs (id int primary key, title text not null, embedding public.vector(3),
    loud text generated always as (upper(title)) virtual);
  insert into public.docs select n, 'Doc ' || n, array[n, 1, 2]::real[]::public.vector from generate_series(1, 20) n;
  create view public.recent with (security_invoker = true) as select id, title, loud from public.docs where id > 10;
  create view public.louder as select id, loud from public.recent;
  create function public.newest() returns table (id int, title text, embedding public.vector) language sql
    begin atomic select id, title, embedding from public.docs order by id desc limit 1; end;
  create function public.said(doc public.docs) returns text language sql immutable return doc.title;
  create materialized view public.nearest as select id, embedding, public.said(d) as said from public.docs d;
  create unique index nearest_id on public.nearest (id);
  create index nearest_embedding on public.nearest using hnsw (embedding public.vector_l2_ops);
  grant select on public.recent to public;
  create publication feed for table public.docs (id, title) where (id > 3)`

describe('on the embedded database, PostgreSQL 18', () => {
  let database: Database & { close(): Promise<void> }
  let allow: string[]

  beforeAll(async () => {
    database = await embedded()
    await session(async (admin) => {
      await admin.script('create extension vector schema public')
      await admin.script(`create role app; create role product; grant create, usage on schema public to app;
        grant create on database postgres to app`)
      await admin.script(`set role app; ${schema}; reset role`)
      allow = (await captureIn(admin)).map(({ object }) => object)
    })
  })
  afterAll(() => database.close())

  const session = <T>(work: (session: Session) => Promise<T>): Promise<T> =>
    database.session({ applicationName: 'vector-rollback:embedded' }, work)
  const captureIn = async (each: Session) =>
    captureDependents(
      each,
      (await findRelations(each, tables)).map(({ oid }) => oid),
    )
  const capture = () => session(captureIn)

  test('everything that depends on the table is captured', () => {
    expect(new Set(allow)).toEqual(
      new Set([
        'view public.recent',
        'view public.louder',
        'function public.newest()',
        'function public.said(public.docs)',
        'materialized view public.nearest',
        'publication feed',
      ]),
    )
  })

  test.each([
    'postgres',
    'product',
  ])('%s retires it along with the table and brings it back as it was', async (role) => {
    await session(async (admin) => {
      for (const statement of bootstrapStatements('product', {
        roles: { owners: ['app'], grantors: [] },
        serverVersion: 180000,
        runBy: 'postgres',
      })) {
        await admin.query(statement)
      }
    })
    const before = await capture()
    const retirement = `by-${role}` as RetirementId
    await session(async (each) => {
      await each.script(`set session authorization ${role}`)
      try {
        const retired = await retire(each, { plan, retirement, tables, allow, clock })
        expect(retired.retirement.dependents).toHaveLength(allow.length)
        expect(await undoRetire(each, { retirement, clock })).toMatchObject({ changed: true, lostDependents: [] })
      } finally {
        await each.script('set session authorization postgres')
      }
    })
    expect(await capture()).toEqual(before)
  })

  test('what is dropped by name and made anew has the same definition but for its oid and its rows', async () => {
    const before = await capture()
    await session((admin) =>
      admin.transaction(async () => {
        for (const statement of [
          ...before.filter(isMembership).map(leavePublication),
          ...dropDependents(before),
          ...createDependents(before),
        ]) {
          await admin.query(statement)
        }
      }),
    )
    const timeless = (definitions: typeof before) =>
      JSON.parse(JSON.stringify(definitions, (key, value) => (['oid', 'populated'].includes(key) ? null : value)))
    expect(timeless(await capture())).toEqual(timeless(before))
  })
})
