import { afterEach, beforeEach, expect, test } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import type { RollbackError } from '#core/errors.ts'
import type { Session } from '#core/ports.ts'
import { ensureBootstrap, missingBootstrap } from '#core/retire/bootstrap.ts'
import { planRetirement } from '#core/retire/plan.ts'
import { retire } from '#core/retire/retire.ts'
import { undoRetire } from '#core/retire/undo.ts'
import { plan, query, retirement, run } from '#test/postgres/ddl-roundtrip-schema.ts'
import { realClock } from '#test/support/clock.ts'
import { createDatabase, describePostgres, type TestDatabase } from '#test/support/database.ts'

const notes = { schema: 'public', name: 'notes' }

describePostgres('the role that retires', () => {
  let db: TestDatabase
  let app: string

  beforeEach(async () => {
    db = await createDatabase({ extension: false })
    app = db.role('app')
    await run(db.url, [`create role ${app} login; grant create on schema public to ${app}`])
  })
  afterEach(() => db.drop())

  const withSession = <T>(user: string, work: (session: Session) => Promise<T>): Promise<T> =>
    postgres({ url: db.urlOf(user) }).session({ applicationName: 'vector-rollback:bootstrap' }, work)
  const thereAndBack = (user: string) =>
    withSession(user, async (session) => {
      const id = retirement(`by-${user}`)
      const retired = await retire(session, { plan, retirement: id, tables: [notes], allow: [], clock: realClock })
      const hidden = await query(db.superuserUrl, `select to_regclass('public.notes') as found`)
      return [retired.changed, hidden, (await undoRetire(session, { retirement: id, clock: realClock })).changed]
    })

  test('gets the exact statements from the error, and works once the master user ran them', async () => {
    const product = db.role('product')
    await run(db.url, [`create role ${product} login`])
    await run(db.urlOf(app), ['create table public.notes (id serial primary key)'])
    const refused: unknown = await thereAndBack(product).catch((error: unknown) => error)
    expect(refused).toMatchObject({ name: 'Retire.NotBootstrapped', category: 'refused' })
    const { fix } = refused as RollbackError
    expect(fix).toContain(`grant "${app}" to "${product}"`)
    const preview = withSession(product, (session) =>
      planRetirement(session, { retirement: retirement('preview'), tables: [notes], allow: [] }),
    )
    await expect(preview).rejects.toMatchObject({ name: 'Retire.NotBootstrapped', fix })

    await run(db.url, [fix.slice(fix.indexOf('\n'))])
    expect(await thereAndBack(product)).toEqual([true, [{ found: null }], true])
  })

  test('may be the master user that owns the tables itself, and bootstraps on its own', async () => {
    await run(db.url, ['create table public.notes (id int)'])
    expect(await thereAndBack(db.master)).toEqual([true, [{ found: null }], true])
    expect(await withSession(db.master, (session) => missingBootstrap(session, { owners: [], grantors: [] }))).toEqual(
      [],
    )
  })

  test('may be the master user, of tables of another role', async () => {
    await run(db.urlOf(app), ['create table public.notes (id int)'])
    expect(await thereAndBack(db.master)).toEqual([true, [{ found: null }], true])
  })

  test('is told what to grant when the owner could not be given back, or not locked', async () => {
    await run(db.urlOf(app), ['create table public.notes (id int); revoke all on public.notes from current_user'])
    await run(db.url, [`revoke create on schema public from ${app}`])
    await expect(thereAndBack(db.master)).rejects.toMatchObject({
      name: 'Retire.Refused',
      message: expect.stringMatching(
        new RegExp(`grant create on schema "public" to "${app}".*grant truncate on "public"."notes" to "${app}"`),
      ),
    })
  })

  test('never becomes a member of a superuser for the sake of its tables', async () => {
    await run(db.superuserUrl, ['create table public.notes (id int)'])
    await expect(thereAndBack(db.master)).rejects.toMatchObject({ name: 'Retire.OwnedBySuperuser' })
  })

  test('is bootstrapped once: nothing is missing the second time, and nothing fails', async () => {
    const roles = { owners: [app], grantors: [] }
    await withSession(db.master, (session) => ensureBootstrap(session, roles))
    await withSession(db.master, (session) => ensureBootstrap(session, roles))
    expect(await withSession(db.master, (session) => missingBootstrap(session, roles))).toEqual([])
  })
})
