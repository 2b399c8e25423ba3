import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import { statementsOf } from '#core/preview/sql-text.ts'
import { sql } from '#core/sql/tag.ts'
import { createDatabase, describePostgres, type TestDatabase } from '#test/support/database.ts'

const locksOf = async (text: string): Promise<string[]> =>
  (await statementsOf(text)).map((line) => (line.kind === 'statement' ? line.lock : ''))

const SCHEMA = `
  create table public.parent (id int primary key);
  create table public.t (id int primary key, parent int, note text);
  create index t_note on public.t (note);
  create function public.nothing() returns trigger language plpgsql as 'begin return new; end';
  create trigger quiet before update on public.t for each row execute function public.nothing();
  alter table public.t add constraint positive check (id > 0) not valid;
  create policy visible on public.t using (true);`

/** From the weakest to the strongest. */
const MODES = [
  'AccessShareLock',
  'RowShareLock',
  'RowExclusiveLock',
  'ShareUpdateExclusiveLock',
  'ShareLock',
  'ShareRowExclusiveLock',
  'ExclusiveLock',
  'AccessExclusiveLock',
]
const spoken = (mode: string): string =>
  mode
    .replace(/Lock$/, '')
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toUpperCase()

describePostgres('the lock that a preview tells is the one that the server takes', () => {
  let db: TestDatabase
  beforeAll(async () => {
    db = await createDatabase({ extension: false })
    await postgres({ url: db.url }).session({ applicationName: 'test' }, (session) => session.script(SCHEMA))
  })
  afterAll(() => db.drop())

  const strongestOn = (text: string): Promise<string> =>
    postgres({ url: db.url }).session({ applicationName: 'test' }, async (session) => {
      await session.script('begin')
      await session.script(text)
      const { rows } = await session.query<{ mode: string }>(sql`
        select mode from pg_catalog.pg_locks
        where pid = pg_catalog.pg_backend_pid() and relation = 'public.t'::regclass and locktype = 'relation'`)
      const [strongest] = rows.map(({ mode }) => mode).sort((a, b) => MODES.indexOf(b) - MODES.indexOf(a))
      return strongest === undefined ? 'none' : spoken(strongest)
    })

  test.each([
    'select count(*) from public.t',
    'select * from public.t for update',
    "insert into public.t values (1, 1, '')",
    'update public.t set note = null where id = 1',
    'with gone as (delete from public.t where id = 1 returning *) select * from gone',
    'lock table public.t in share row exclusive mode',
    'create index on public.t (parent)',
    'drop index public.t_note',
    'reindex table public.t',
    'analyze public.t',
    'alter table public.t alter column note set statistics 10',
    'alter table public.t set (fillfactor = 90)',
    'alter table public.t validate constraint positive',
    'alter table public.t disable trigger user',
    'alter table public.t add foreign key (parent) references public.parent (id)',
    'alter table public.t enable row level security',
    "alter table public.t add column extra text default ''",
    'alter table public.t alter column note set statistics 10, add column extra text',
    'alter table public.t rename column note to remark',
    'comment on table public.t is null',
    'comment on column public.t.note is null',
    'create trigger other before update on public.t for each row execute function public.nothing()',
    'drop trigger quiet on public.t',
    'drop policy visible on public.t',
    'create policy more on public.t using (true)',
    'alter policy visible on public.t using (false)',
    'create rule quiet_rule as on delete to public.t do instead nothing',
    'create statistics public.both on id, parent from public.t',
    'cluster public.t using t_pkey',
    'grant select on public.t to public',
  ])('%s', async (statement) => {
    const [lock = ''] = await locksOf(statement)
    const taken = await strongestOn(statement)
    expect(lock.startsWith(taken), `${lock} is told, ${taken} is taken`).toBe(true)
    expect(lock).toMatch(/ on (public\.t\b|the table of index public\.t_note)|^none/)
  })
})

describe('what a preview tells of a statement', () => {
  test('is each statement of a file by itself, without the comments before it', async () => {
    const lines = await statementsOf("-- “why”; not\nselect ';' from public.a;\n/* two */ analyze public.b")
    expect(lines).toEqual([
      { kind: 'statement', sql: "select ';' from public.a", lock: 'ACCESS SHARE on public.a' },
      { kind: 'statement', sql: 'analyze public.b', lock: 'SHARE UPDATE EXCLUSIVE on public.b' },
    ])
  })

  test.each([
    ['drop index concurrently if exists public.i', 'SHARE UPDATE EXCLUSIVE on the table of index public.i'],
    ['create index concurrently i on public.t (a)', 'SHARE UPDATE EXCLUSIVE on public.t'],
    ['reindex index concurrently public.i', 'SHARE UPDATE EXCLUSIVE on public.i'],
    ['vacuum full public.t', 'ACCESS EXCLUSIVE on public.t'],
    ['vacuum public.t', 'SHARE UPDATE EXCLUSIVE on public.t'],
    ['alter table a.t add foreign key (x) references "B".u (id)', 'SHARE ROW EXCLUSIVE on a.t, "B".u'],
    ['alter index public.i rename to j', 'SHARE UPDATE EXCLUSIVE on public.i'],
    ["set local lock_timeout = '1s'", 'none on a table'],
    ['select pg_catalog.pg_sleep(0)', 'none of its own; what its functions lock is not known'],
    ['call public.mend()', 'not known for this kind of statement'],
  ])('%s: %s', async (statement, lock) => {
    expect(await locksOf(statement)).toEqual([lock])
  })
})
