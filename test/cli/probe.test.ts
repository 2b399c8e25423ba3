import { afterAll, beforeAll, expect, test } from 'vitest'
import { query, run } from '#test/postgres/ddl-roundtrip-schema.ts'
import { createDatabase, describePostgres, type TestDatabase } from '#test/support/database.ts'
import { cli, planCopy } from './cli.ts'

const PLAN = 'pgvector-search'

describePostgres('the probes of a plan, once', () => {
  let db: TestDatabase
  beforeAll(async () => {
    db = await createDatabase()
    expect(await cli(['fixture', PLAN, '--database-url', db.url, '--rows', '30'])).toMatchObject({ code: 0 })
  })
  afterAll(() => db?.drop())

  const probe = (plan: string, ...more: string[]) => cli(['probe', plan, '--database-url', db.url, ...more])

  test('stand beside their limits, and a system that is well ends with 0', async () => {
    const { code, stdout, stderr } = await probe(PLAN)
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^cross-tenant-leak +0 rows +above 0 +for 0s +critical +\d+ ms +ok$/m)
    expect(stdout).toMatch(/^no-results +10 rows +below 1 +for 2m +high +\d+ ms +ok$/m)
    expect(stdout).toMatch(/^disk-growth +\d+ bytes +above 5368709120 more in 1h .* judged by its alarm$/m)
    expect(stdout).toMatch(/, 0 beyond their limits, 0 not measured\n$/)
  })

  test('show a threshold that is too tight before anybody deploys it, and end with 3', async () => {
    const tight = await planCopy([['plan.yaml', 'below: 1\n', 'below: 11\n']])
    const { code, stdout } = await probe(tight)
    expect(code).toBe(3)
    expect(stdout).toMatch(/^no-results +10 rows +below 11 .* BEYOND ITS LIMIT$/m)
    expect(stdout).toMatch(/, 1 beyond its limit, 0 not measured\n$/)
  })

  test('are one JSON document when asked for it', async () => {
    const { code, stdout } = await probe(PLAN, '--json')
    expect(code).toBe(0)
    const { plan, connectFailed, results } = JSON.parse(stdout)
    expect({ plan, connectFailed }).toEqual({ plan: PLAN, connectFailed: false })
    expect(results[0]).toEqual({
      ...{ signal: 'cross-tenant-leak', value: 0, unit: 'rows', limit: { above: 0 }, breached: false },
      ...{ ms: expect.any(Number), error: null },
    })
  })

  test('that cannot be measured are no success: 5, with the error where people look for it', async () => {
    const broken = await planCopy([['sql/idle-connections.sql', "state = 'idle'", "sate = 'idle'"]])
    const { code, stdout, stderr } = await probe(broken)
    expect(code).toBe(5)
    expect(stdout).toMatch(/^idle-connections +- .* not measured: Postgres\.UndefinedColumn$/m)
    expect(stderr).toMatch(/^error Postgres\.UndefinedColumn\n/)
    expect(stderr).toContain('^')
  })

  test('of a database that does not answer end with 5, and say it once', async () => {
    const { code, stdout, stderr } = await cli(['probe', PLAN, '--database-url', 'postgresql://nobody@127.0.0.1:1/no'])
    expect(code).toBe(5)
    expect(stdout).toContain('not measured: Postgres.Unreachable')
    expect(stderr.match(/^error /gm)).toHaveLength(1)
  })

  test('of the wrong database are refused', async () => {
    const other = await createDatabase()
    try {
      const { code, stderr } = await cli(['probe', PLAN, '--database-url', other.url])
      expect(code).toBe(3)
      expect(stderr).toMatch(/^error Database\.WrongOne\n/)
    } finally {
      await other.drop()
    }
  })

  test('that run as a role of their own get it from the bootstrap', async () => {
    const role = db.role('prober')
    await run(db.url, [`create role ${role}`])
    const plan = await planCopy([
      ['plan.yaml', 'probe: sql/idle-connections.sql', `probe: sql/idle-connections.sql\n    as: ${role}`],
    ])
    const { stdout } = await cli(['bootstrap', plan, '--sql', '--database-url', db.url])
    const [{ set } = {}] = await query(db.url, `select current_setting('server_version_num')::int >= 160000 as set`)
    // Until PostgreSQL 15 the master is no member of a role that it has created, after it not one that may become it.
    expect(stdout).toContain(`grant "${role}" to "${db.master}"${set ? ' with set true' : ''};`)
  })
})
