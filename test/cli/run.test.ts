import { access, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { lockDirectory } from '#local/endpoints/directory-lock.ts'
import { dumpSchema, run as statements } from '#test/postgres/ddl-roundtrip-schema.ts'
import { createDatabase, describePostgres, type TestDatabase } from '#test/support/database.ts'
import { cli, linesOf } from './cli.ts'

const PLAN = 'pgvector-search'
const NOWHERE = 'postgresql://nobody:not-to-be-seen@127.0.0.1:1/nothing'
let state: string
beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), 'vector-rollback-run-'))
})
afterEach(() => rm(state, { recursive: true, force: true }))

const start = (url: string, path: string, ...more: string[]) =>
  cli([
    'run',
    PLAN,
    '--path',
    path,
    '--local',
    '--database-url',
    url,
    '--state',
    state,
    '--confirm',
    PLAN,
    '--no-watch',
    ...more,
  ])
const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )

describe('a run that cannot begin', () => {
  test.each([
    ['a plan that there is not', ['run', 'pgvector-serch', '--path', 'flag', '--local'], 'pgvector-search'],
    ['a path that there is not', ['run', PLAN, '--path', 'half', '--local'], 'half'],
    ['no --local', ['run', PLAN, '--path', 'flag', '--database-url', NOWHERE], '--local'],
    ['no database', ['run', PLAN, '--path', 'flag', '--local'], '--database-url'],
    ['no state', ['run', PLAN, '--path', 'flag', '--local', '--database-url', NOWHERE], '--state'],
  ])('%s: exit code 2, one screen, and what to write instead', async (_, command, named) => {
    const { code, stdout, stderr } = await cli(command)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(named)
    expect(linesOf(stderr)).toBeLessThan(24)
  })

  test('without the name of the plan repeated, or with an approval that names nobody, nothing is made', async () => {
    const unconfirmed = [
      'run',
      PLAN,
      '--path',
      'flag',
      '--local',
      '--database-url',
      NOWHERE,
      '--state',
      join(state, 'x'),
    ]
    expect(await cli(unconfirmed)).toMatchObject({ code: 2, stderr: expect.stringContaining(`--confirm ${PLAN}`) })
    expect(await start(NOWHERE, 'flag', '--approve', 'dba')).toMatchObject({ code: 2 })
    expect(await isThere(join(state, 'x'))).toBe(false)
  })

  test('with a state folder that another process works with: exit code 4, naming it', async () => {
    const release = await lockDirectory(state)
    const { code, stderr } = await start(NOWHERE, 'flag')
    await release()
    expect(code).toBe(4)
    expect(stderr).toContain(state)
    expect(stderr).toContain(String(process.pid))
  })
})

describe('a database that does not answer', () => {
  test('does not keep the flag from being switched: exit code 5, contained, and no password is shown', async () => {
    const { code, stdout, stderr } = await start(NOWHERE, 'full', '--json')
    expect(code).toBe(5)
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'needs-human', path: 'full', snapshot: null })
    expect(stderr).toContain('127.0.0.1:1')
    expect(`${stdout}${stderr}`).not.toContain('not-to-be-seen')
    const flags = await readFile(join(state, 'ssm', 'parameters.json'), 'utf8')
    expect(flags).toContain('/app/local/VECTOR_SEARCH_ENABLED')
  })
})

describePostgres('a run on a real database', () => {
  let db: TestDatabase
  beforeAll(async () => {
    db = await createDatabase()
    await cli(['fixture', PLAN, '--database-url', db.url, '--rows', '40'])
  })
  afterAll(() => db.drop())

  test('the wrong database is refused before anything is done: exit code 3, its answer beside the wanted one', async () => {
    const other = await createDatabase()
    const { code, stdout, stderr } = await start(other.url, 'full')
    await other.drop()
    expect([code, stdout]).toEqual([3, ''])
    expect(stderr).toMatch(/^error Database\.WrongOne/)
    expect(stderr).toContain(`not with "${PLAN}"`)
    expect(await isThere(join(state, 's3'))).toBe(false)
  })

  test('one JSON document on stdout, everything else on stderr, and a report beside the state', async () => {
    const { code, stdout, stderr } = await start(db.url, 'flag', '--json', '--out', join(state, 'out'))
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ outcome: 'rolled-back', plan: PLAN, path: 'flag', snapshot: null },
      states: expect.arrayContaining([expect.objectContaining({ name: 'Contain', attempts: 1 })]),
      steps: expect.arrayContaining([expect.objectContaining({ kind: 'contain', changed: true })]),
      checks: expect.arrayContaining([{ name: 'flag-is-off', status: 'pass' }]),
      seconds: { contained: expect.any(Number), total: expect.any(Number) },
    })
    expect(stderr).toContain('Contain')
    expect(await readFile(join(state, 'out', 'report.html'), 'utf8')).toContain('<!doctype html>')
  })

  test('a role without the rights is refused, with the statement that it lacks, and nothing changes', async () => {
    const role = db.role('nobody')
    await statements(db.url, [`create role ${role} login`])
    const before = await dumpSchema(db)
    const { code, stdout } = await start(db.urlOf(role), 'full')
    expect(code).toBe(3)
    expect(stdout).toContain('needs-human')
    expect(await dumpSchema(db)).toBe(before)
  })

  test('a later restore from the same state folder undoes a full rollback', async () => {
    const before = await dumpSchema(db)
    expect((await start(db.url, 'full')).code).toBe(0)
    expect(await dumpSchema(db)).not.toBe(before)
    expect(await start(db.url, 'restore')).toMatchObject({ code: 0, stdout: expect.stringContaining('restored') })
    expect(await dumpSchema(db)).toBe(before)
  })
})
