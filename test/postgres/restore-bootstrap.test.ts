import { afterEach, beforeEach, expect, test } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import type { RollbackError } from '#core/errors.ts'
import { chooseRestore } from '#core/restore/choose.ts'
import { prepareRestore } from '#core/restore/prepare.ts'
import {
  createOddDatabase,
  dumpSchema,
  type OddDatabase,
  query,
  run,
  tables,
} from '#test/postgres/ddl-roundtrip-schema.ts'
import { newBucket } from '#test/postgres/snapshot-bucket.ts'
import {
  environment,
  PLAN,
  purgeChosen,
  RESTORE,
  restoreAll,
  snapshotAll,
  type Work,
} from '#test/postgres/snapshot-world.ts'
import { describePostgres } from '#test/support/database.ts'

describePostgres('the role that restores', () => {
  let db: OddDatabase
  let work: Work
  let before: string
  beforeEach(async () => {
    db = await createOddDatabase()
    // An application need not be able to create schemas, and then nor can who stands in for it.
    await run(db.superuserUrl, [`revoke create on database ${db.name} from ${db.app}`])
    before = await dumpSchema(db)
    const database = postgres({ url: db.urlOf(db.product) })
    work = {
      database,
      objects: await newBucket(),
      tables,
      session: (body) => database.session({ applicationName: 'vector-rollback:search:1:test' }, body),
    }
    await snapshotAll(work)
    await purgeChosen(work)
  })
  afterEach(() => db.drop())

  const choose = () =>
    work.session((s) => chooseRestore(s, work.objects, { plan: PLAN, environment, tables, createExtension: false }))
  const prepare = () => work.session((s) => prepareRestore(s, work.objects, { ...RESTORE, createExtension: false }))

  test('is told before anything is written what to grant, and restores once the master user did', async () => {
    await run(db.url, [`revoke ${db.app} from ${db.product}`])
    const after = await dumpSchema(db)
    const refused = { name: 'Restore.NotBootstrapped', category: 'refused' }
    await expect(choose()).rejects.toMatchObject(refused)
    const refusal: unknown = await prepare().catch((error: unknown) => error)
    expect(refusal).toMatchObject(refused)
    const { fix } = refusal as RollbackError
    expect(fix).toContain(`grant create on database "${db.name}" to "${db.product}";`)
    expect(fix).toContain(`grant "${db.app}" to "${db.product}"`)
    expect(await dumpSchema(db)).toBe(after)
    expect(
      await query(db.superuserUrl, `select from pg_namespace where nspname like 'vector_rollback_restore%'`),
    ).toEqual([])

    await run(db.url, [fix.slice(fix.indexOf('\n'))])
    expect(await choose()).toMatchObject({ source: 'snapshot' })
    expect(await restoreAll(work)).toMatchObject({ changed: true, unvalidated: [] })
    expect(await dumpSchema(db)).toBe(before)
  })
})
