import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { eksConfigMaps } from '#aws/config-maps.ts'
import { postgres } from '#aws/postgres.ts'
import { awsWorkloads } from '#aws/workloads.ts'
import { drillAws } from '#cli/drill-aws.ts'
import { readJson } from '#core/json.ts'
import type { FlagPath, IncidentId } from '#core/names.ts'
import { fixtureOf } from '#core/plan/fixture.ts'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import type { Route } from '#core/plan/work-of.ts'
import type { RunReport } from '#core/report/model.ts'
import { outcomeOf } from '#local/outcome.ts'
import { type Stack, startStack } from '#local/stack.ts'
import { startStandIn } from '#local/stand-in.ts'
import { createDatabase, describePostgres, type TestDatabase } from '#test/support/database.ts'
import { podsOf } from '../../plans/cluster-mode/fixture/pods.ts'

const directory = fileURLToPath(new URL('../../plans/cluster-mode', import.meta.url))
const ENVIRONMENT = 'test'
const FLAG = '/vectorizer/test/HIVEHUB_ENABLED' as FlagPath
const PLACE = { cluster: 'vectorizer-test', namespace: 'default' } as const
const WORKLOAD = {
  platform: 'eks',
  cluster: 'vectorizer-test',
  namespace: 'default',
  deployment: 'vectorizer',
} as const

const RECORDED_CONFIG = { 'auth.headers': 'legacy', 'index.ef': '64' }

/** The first of each of these steps, in the order in which they ran. */
const inOrder = (report: RunReport | null | undefined, ...kinds: string[]): string[] => [
  ...new Set((report?.steps ?? []).map(({ kind }) => kind).filter((kind) => kinds.includes(kind))),
]

describePostgres('the three levels of cluster-mode, on a real server and the cluster of the local AWS', () => {
  let plan: Plan
  let db: TestDatabase
  let stack: Stack
  let admin: Client
  let closeApp = async () => {}
  let deployAgain = async () => {}
  let digest = ''
  let runs = 0
  let told: string[] = []
  let taken: string[] = []

  const rowsDigest = async () => {
    const { rows } = await admin.query<{ digest: string }>(
      `select md5(string_agg(v::text, ',' order by id)) as digest from public.vectors v`,
    )
    return rows[0]?.digest ?? ''
  }
  const run = async ({ path, scenario }: Route, input: object = {}) => {
    const incident = `${scenario ?? path}-${++runs}` as IncidentId
    const asked = { plan: plan.name, path, ...(scenario ? { scenario } : {}), reason: 'a test', ...input }
    const { arn } = await stack.execute(incident, asked)
    return { incident, ...(await outcomeOf(arn, incident, stack)) }
  }
  const seen = async () => {
    const { count, version } = await awsWorkloads().look(WORKLOAD)
    const { images } = await awsWorkloads().version(WORKLOAD, version)
    return { count, image: images[0]?.split(':').at(-1) }
  }
  const podNames = async () =>
    (await podsOf(process.env.AWS_ENDPOINT_URL ?? '', PLACE.cluster, async () => false)()).map(({ name }) => name)
  /** New pods say what they are when they have come up, a moment after the deployment. */
  const podsSay = (version: string) =>
    vi.waitUntil(
      async () => {
        const { rows } = await admin.query<{ version: string }>('select version from public.service_instances')
        return rows.length > 0 && rows.every((row) => row.version === version)
      },
      { timeout: 10_000, interval: 20 },
    )
  const flag = async () => (await stack.flags.read(FLAG))?.value
  const textOf = async (key: string) => Buffer.from((await stack.objects.read(key))?.body ?? []).toString('utf8')
  const keysBelow = async (prefix: string) => {
    const keys: string[] = []
    for await (const { key } of stack.objects.list(prefix)) keys.push(key)
    return keys.sort()
  }

  beforeAll(async () => {
    plan = await loadPlan(directory)
    db = await createDatabase()
    const fixture = await fixtureOf(directory)
    await postgres({ url: db.url }).session({ applicationName: 'fixture', statementTimeout: 0 }, (session) =>
      fixture.load(session, { rows: 200 }),
    )
    admin = new Client(db.superuserUrl)
    await admin.connect()
    digest = await rowsDigest()
    stack = await startStack({
      environment: ENVIRONMENT,
      database: { url: db.url },
      approvers: () => Object.keys(plan.contacts).map((role) => ({ role, name: `${role} in person` })),
    })
    const deploy = await drillAws(stack, plan, ENVIRONMENT)
    deployAgain = async () => {
      await deploy('partial')
      await stack.flags.write(FLAG, 'true')
    }
    await deployAgain()
    const app = await startStandIn(plan, { stack, database: postgres({ url: db.url }), environment: ENVIRONMENT })
    closeApp = () => app.close()
  }, 120_000)
  afterAll(async () => {
    await closeApp()
    await stack?.close()
    await admin?.end()
    await db?.drop()
  })

  it('level 1: the flag is off, new pods obey it and say so, the release stays, and nothing is lost (VEC-01, VEC-24, VEC-26, VEC-27, VEC-42, VEC-44, VEC-55, VEC-57, VEC-66, DEF-25, DEF-29, DEF-30)', async () => {
    const { report, problem } = await run({ path: 'flag' })
    expect(problem).toBeNull()
    expect(await flag()).toBe('false')
    expect(await seen()).toEqual({ count: 3, image: '1.8.0' })
    const passed = report?.checks.filter(({ status }) => status === 'pass').map(({ name }) => name)
    expect(passed).toEqual(expect.arrayContaining(['delivery of HIVEHUB_ENABLED', 'service-healthy', 'few-errors']))
    expect(report?.budgets.find(({ name }) => name === 'total')).toMatchObject({ limitMs: 300_000, met: true })
    expect(await rowsDigest()).toBe(digest)
    told = (report?.notifications ?? []).map(({ event, subject }) => `${event}: ${subject}`)
  }, 60_000)

  it('people hear of the start and of the end, each in its own form (VEC-45, VEC-61, VEC-62)', () => {
    expect(told).toContainEqual(expect.stringMatching(/^started: \[INCIDENT\] Vectorizer in cluster mode, test: flag/))
    expect(told).toContainEqual(expect.stringMatching(/^rolled-back: \[RESOLVED\] Vectorizer in cluster mode/))
  })

  it('level 2: the recorded version and count, not the last revision nor three; the flag stays off; clients hear of it before (VEC-02, VEC-28, VEC-29, VEC-31, VEC-67, VEC-68, DEF-22, DEF-26)', async () => {
    await deployAgain()
    const { incident, report, problem } = await run({ path: 'partial', scenario: 'clients-first' }, { drill: true })
    expect(problem).toBeNull()
    expect(inOrder(report, 'webhook', 'previous-version')).toEqual(['webhook', 'previous-version'])
    // The flag was delivered by a rollout of its own, which an undo would have taken back.
    expect(await seen()).toEqual({ count: 2, image: '1.7.9' })
    expect(await flag()).toBe('false')
    expect(report?.inService).toContain('1.7.9')
    // Before anything rolled, the revisions that there were and the image that ran were written down.
    const keys = await keysBelow(`incidents/${incident}/platform/previous-version-`)
    const [begun, found] = await Promise.all(keys.map(async (key) => JSON.parse(await textOf(key))))
    expect(keys.map((key) => key.replace(/^.*-[0-9a-f]{20}/, ''))).toEqual(['-begun.json', '.json'])
    expect(found.at <= begun.at).toBe(true)
    const images = found.versions.map(({ version, images: [image] }: { version: string; images: string[] }) => [
      version,
      image?.split(':').at(-1),
    ])
    expect(new Map(images).get(found.version)).toBe('1.8.0')
    expect(images.map(([, image]: string[]) => image)).toEqual(expect.arrayContaining(['1.8.0', '1.7.9']))
    expect(found.target).toMatchObject({ count: 2, images: [expect.stringContaining(':1.7.9')] })
    for (const format of ['json', 'md'])
      expect(await textOf(`incidents/${incident}/report.${format}`)).toContain('1.7.9')
    expect(report?.budgets.find(({ name }) => name === 'total')).toMatchObject({ limitMs: 900_000, met: true })
    expect(await rowsDigest()).toBe(digest)
  }, 60_000)

  it('evidence has every pod of the release before the first step of the path replaces one, and the tenants by name (VEC-47, DEF-28)', async () => {
    await deployAgain()
    await podsSay('1.8.0')
    const { incident, report } = await run({ path: 'partial', scenario: 'at-once' })
    const order = ['preserve-evidence', 'previous-version']
    expect(inOrder(report, ...order)).toEqual(order)
    const pods = await readJson(stack.objects, `evidence/${incident}/seen/pods.json`)
    const { rows } = pods?.value as { rows: { version: string }[] }
    expect(rows.map(({ version }) => version)).toEqual(expect.arrayContaining(['1.8.0', '1.8.0', '1.8.0']))
    expect(report?.inService).toContain('1.7.9')
    const tenants = await readJson(stack.objects, `evidence/${incident}/seen/tenants.json`)
    expect((tenants?.value as { rows: unknown[] }).rows).toHaveLength(4)
    expect(report?.impact.affected).toMatch(/^4: canary \(hivehub-sdk 1\.0\.0\)/)
  }, 60_000)

  it('without a scenario the recorded version comes back as well, and the service is asked before the path is over (VEC-02, VEC-29)', async () => {
    await deployAgain()
    const { report, problem } = await run({ path: 'partial' })
    expect(problem).toBeNull()
    expect(await seen()).toEqual({ count: 2, image: '1.7.9' })
    const passed = report?.checks.filter(({ status }) => status === 'pass').map(({ name }) => name)
    expect(passed).toEqual(expect.arrayContaining(['service-healthy', 'service-search-answers']))
  }, 60_000)

  it('a restart puts the configuration back first, and keeps the release (VEC-26, VEC-35)', async () => {
    await deployAgain()
    const { report, problem } = await run({ path: 'partial', scenario: 'restart' })
    expect(problem).toBeNull()
    expect(inOrder(report, 'restore-config', 'restart')).toEqual(['restore-config', 'restart'])
    expect(await seen()).toEqual({ count: 3, image: '1.8.0' })
    expect((await eksConfigMaps().read({ ...PLACE, name: 'vectorizer-config' })).data).toEqual(RECORDED_CONFIG)
  }, 60_000)

  it('the emergency stop leaves no pod, and the service answers no one (VEC-71)', async () => {
    await deployAgain()
    const { report, problem } = await run({ path: 'partial', scenario: 'emergency-stop' })
    expect(problem).toBeNull()
    expect((await seen()).count).toBe(0)
    expect(report?.checks.find(({ name }) => name === 'service-stopped')).toMatchObject({ status: 'pass' })
  }, 60_000)

  it('the record before a deployment has the data of the ConfigMap alone; what an export has beside it is out of date at the next write (VEC-12, DEF-21)', async () => {
    await deployAgain()
    const key = (await keysBelow(`recorded/${plan.name}/`)).at(-1) ?? ''
    expect(Object.values(JSON.parse(await textOf(key)).configMaps)).toEqual([
      { 'auth.headers': 'legacy', 'index.ef': '64' },
    ])
    expect(await textOf(key)).not.toMatch(/resourceVersion|"uid"/)
    const maps = eksConfigMaps()
    const place = { ...PLACE, name: 'vectorizer-config' }
    const exported = await maps.read(place)
    expect(await maps.write(place, { ...exported.data, 'index.ef': '128' }, exported.version)).toBe(true)
    expect(await maps.write(place, exported.data, exported.version)).toBe(false)
  }, 60_000)

  it('level 3: stopped, configuration back, store out of reach and verified, then the recorded version and count (VEC-03, VEC-34, VEC-35, VEC-36, VEC-38, VEC-39, VEC-40)', async () => {
    await deployAgain()
    // Written by somebody since the record: put back all the same.
    const { data: deployed, version } = await eksConfigMaps().read({ ...PLACE, name: 'vectorizer-config' })
    await eksConfigMaps().write({ ...PLACE, name: 'vectorizer-config' }, { ...deployed, 'index.ef': '128' }, version)
    const { report, problem } = await run({ path: 'full' })
    expect(problem).toBeNull()
    taken = (report?.steps ?? []).map(({ kind }) => kind)
    const order = ['scale', 'restore-config', 'retire', 'verify-snapshot', 'previous-version']
    expect(inOrder(report, ...order)).toEqual(order)
    expect(await seen()).toEqual({ count: 2, image: '1.7.9' })
    expect(report?.checks.find(({ name }) => name === 'service-stats')).toMatchObject({ status: 'pass' })
    const { rows } = await admin.query(`select to_regclass('public.vectors') is null as gone`)
    expect(rows).toEqual([{ gone: true }])
    expect(report?.loss).toBe('No data was lost.')
    expect((await eksConfigMaps().read({ ...PLACE, name: 'vectorizer-config' })).data).toEqual(RECORDED_CONFIG)
  }, 60_000)

  it('the store comes back from the bucket, within half an hour, with nothing deleted: no pod is entered, of which there is none while it is taken, and none of the name vectorizer-0 ever (VEC-37, VEC-41, VEC-59, VEC-65, DEF-15, DEF-16, DEF-18, DEF-19)', async () => {
    // The store was copied while the deployment stood at nothing.
    const order = ['scale', 'snapshot-part', 'seal-snapshot', 'previous-version']
    expect(taken.filter((kind, at) => order.includes(kind) && taken.indexOf(kind) === at)).toEqual(order)
    expect(await podNames()).toHaveLength(2)
    expect(await podNames()).not.toContain('vectorizer-0')

    // Nothing in the database is left to move back.
    stack.clock.travel(31 * 86_400_000)
    expect((await run({ path: 'purge' })).problem).toBeNull()
    const { report, problem } = await run({ path: 'restore' })
    expect(problem).toBeNull()
    expect(report?.steps.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['load-part', 'swap-in']))
    expect(await rowsDigest()).toBe(digest)
    expect(report?.budgets.find(({ name }) => name === 'total')).toMatchObject({ limitMs: 1_800_000, met: true })
  }, 60_000)
})
