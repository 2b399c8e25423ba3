import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { SSM } from '@aws-sdk/client-ssm'
import { afterEach, expect, test } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import { readRequest } from '#core/approval/approval.ts'
import { readIncident } from '#core/incident/incident.ts'
import { readMessages } from '#core/incident/tell.ts'
import { checkPlan } from '#core/plan/check.ts'
import { loadPlan } from '#core/plan/load.ts'
import { sql } from '#core/sql/tag.ts'
import { planFolder, shown } from '#test/core/plan/folder.ts'
import { describePostgres } from '#test/support/database.ts'
import { EVERYBODY, FLAG, PLAN, PLAN_FOLDER, startWorld, type World } from '#test/support/paths.ts'
import { webhookServer } from '#test/support/webhook-server.ts'

const RAMP = '/app/test/VECTOR_SEARCH_PERCENT'

type Edit = readonly [from: string, to: string]

describePostgres('runs of pgvector-search, as people meet them', () => {
  const ends: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
  })

  const planWith = async (edits: readonly Edit[]): Promise<string> => {
    const plans = await mkdtemp(join(tmpdir(), 'vector-rollback-plans-'))
    ends.push(() => rm(plans, { recursive: true, force: true }))
    await cp(dirname(PLAN_FOLDER), plans, { recursive: true })
    const file = join(plans, PLAN, 'plan.yaml')
    let text = await readFile(file, 'utf8')
    for (const [from, to] of edits) {
      if (!text.includes(from)) throw new Error(`"${from}" is not in ${file}`)
      text = text.replace(from, to)
    }
    await writeFile(file, text)
    return plans
  }
  const begin = async (options: { edits?: readonly Edit[]; environment?: string } = {}): Promise<World> => {
    const { edits = [], environment } = options
    const world = await startWorld({
      rows: 40,
      plansDirectory: await planWith(edits),
      ...(environment ? { environment } : {}),
    })
    ends.push(() => world.close())
    return world
  }
  const value = async (world: World, parameter: string) => (await world.stack.flags.read(parameter as never))?.value

  test('ten minutes after the index is gone, errors, times, connections, CPU, memory and the duration of queries beside its baseline are asked, and are well (PGV-24, PGV-25, PGV-37, PGV-39, PGV-40, PGV-42)', async () => {
    const world = await begin()
    const { report, problem } = await world.run('partial')
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('rolled-back')
    const figures = report?.watch.filter(({ tier }) => tier === 3)
    expect(figures?.map(({ status, detail }) => [status, detail])).toEqual([['pass', expect.any(String)]])
    expect(report?.checks.map(({ name, status }) => `${name}: ${status}`)).toEqual(
      expect.arrayContaining([
        'few-errors: pass',
        'searches-fast: pass',
        'queries-as-fast-as-before: pass',
        'cpu-calm: pass',
        'memory-free: pass',
        'connections-to-spare: pass',
        'machines-listed: pass',
      ]),
    )
  })

  test('a figure beyond its limit keeps the incident open, and calls a person, who reads which (PGV-24, PGV-25, PGV-37, PGV-39, PGV-40)', async () => {
    const narrowed = {
      'few-errors': ['expect: { below: 1 }', 'expect: { below: 0 }'],
      'searches-fast': ['expect: { below: 1000 }', 'expect: { below: 30 }'],
      'queries-as-fast-as-before': ['expect: { below: 48 }', 'expect: { below: 30 }'],
      'cpu-calm': ['expect: { below: 90 }', 'expect: { below: 10 }'],
      'memory-free': ['expect: { above: 1717986918 }', 'expect: { above: 17179869184 }'],
      'connections-to-spare': ['expect: { below: 80 }', 'expect: { below: 10 }'],
    } as const
    const world = await begin({ edits: Object.values(narrowed) })
    const { report } = await world.run('partial')
    expect(report?.outcome).toBe('needs-human')
    const look = report?.watch.at(-1)
    expect(look).toMatchObject({ tier: 3, status: 'fail' })
    for (const name of Object.keys(narrowed)) expect(look?.detail).toContain(name)
  })

  test('vector search stays off until its gates are attested, and the question has them all (PGV-46, PGV-47, PGV-60)', async () => {
    const world = await begin()
    const { incident, report } = await world.run('restore')
    expect(report?.outcome).toBe('restored')
    expect([await value(world, FLAG), await value(world, RAMP)]).toEqual(['false', '0'])
    const asked = await readRequest(world.stack.objects, incident, 're-enable')
    expect(asked?.roles).toEqual(['team-lead'])
    for (const gate of ['data-integrity issues', 'CPU, memory and connections', 'gradual rollout', 'root cause'])
      expect(asked?.about).toContain(gate)
  })

  test('comes back to five percent first, and step by step to all, each watched (PGV-49, PGV-50, PGV-51)', async () => {
    const world = await begin()
    world.approvers = EVERYBODY
    const { report, problem } = await world.run('restore')
    expect(problem).toBeNull()
    expect(report?.steps.filter(({ kind }) => kind === 're-enable').map(({ detail }) => detail)).toEqual([
      expect.stringMatching(/\b5\b/),
      expect.stringMatching(/\b25\b/),
      expect.stringMatching(/\b50\b/),
      expect.stringMatching(/\bfor all\b/),
    ])
    expect(report?.watch.filter(({ after, status }) => after === 're-enable' && status === 'pass')).toHaveLength(8)
    expect([await value(world, FLAG), await value(world, RAMP)]).toEqual(['true', '100'])
  })

  test('the incident is open before anything but containment is done, and people who are called read whom to reach, the vendor too (PGV-53, PGV-67, PGV-68)', async () => {
    const world = await begin()
    const { incident, states } = await world.run('full')
    const opened = states.findIndex(({ name }) => name === 'Open incident')
    expect(states.slice(0, opened).filter(({ name }) => !/contain/i.test(name))).toEqual([])
    expect(await readIncident(world.stack.objects, incident)).toMatchObject({ path: 'full', reason: 'a test' })
    world.approvers = EVERYBODY
    await world.run('purge')
    const told = world.stack.messages().find(({ attributes }) => attributes.event === 'needs-human')
    for (const whom of [
      'pager: rotation search',
      'pager: rotation databases',
      'chat: #search-product',
      'support@supabase.com',
    ])
      expect(told?.message).toContain(whom)
    const { contacts } = await loadPlan(PLAN_FOLDER)
    for (const role of ['on-call', 'dba', 'product-owner']) expect(contacts[role]?.reach.length).toBeGreaterThan(0)
  })

  test('the status page and the banner of the application are told when the path begins, in the words for users (PGV-55, PGV-56)', async () => {
    const { url, requests } = await webhookServer([202])
    const world = await begin({
      environment: 'local',
      edits: [
        ['https://status.example.com/hooks/{env}', `${url}/status`],
        ['https://search.{env}.example.com/hooks/banner', `${url}/banner`],
      ],
    })
    const ssm = new SSM()
    for (const name of ['STATUS_PAGE_SECRET', 'BANNER_SECRET'])
      await ssm.putParameter({ Name: `/app/local/${name}`, Value: 'hush', Type: 'SecureString' })
    const { incident } = await world.run('full')
    expect(requests.map(({ path }) => path).sort()).toEqual(['/banner', '/status'])
    for (const { body } of requests) expect(body).toContain('searching by words works')
    const sent = (await readMessages(world.stack.objects, incident)).find(({ event }) => event === 'users')
    expect(sent?.channels).toContainEqual({ channel: 'webhook status-page', delivered: true, detail: '202' })
  })

  test('rows go through the client into the bucket, with count and checksum; a file of the server is refused there, and in a plan (DEF-08)', async () => {
    const world = await begin()
    const copy = "copy (select * from public.embeddings) to '/tmp/embeddings_backup.csv' csv header"
    await expect(
      postgres({ url: world.db.url }).session({ applicationName: 'test' }, (session) => session.query(sql.raw(copy))),
    ).rejects.toThrow(/42501/)
    expect(shown(await checkPlan(await planFolder({ 'sql/step.sql': copy }))).join()).toContain('sql/step.sql')
    const { report } = await world.run('full')
    expect(report?.snapshot?.tables).toEqual([
      expect.objectContaining({ rows: 40, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }),
      expect.objectContaining({ rows: 40, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }),
    ])
  })
})
