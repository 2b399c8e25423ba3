import { beforeAll, describe, expect, test } from 'vitest'
import { s3Objects } from '#aws/objects.ts'
import { askGate, PassedGate } from '#core/before-deploy/gate.ts'
import { readJson } from '#core/json.ts'
import type { PlanName } from '#core/names.ts'
import { loadPlan } from '#core/plan/load.ts'
import { edited, planFolder } from '#test/core/plan/folder.ts'
import { writeParts, writeSealed } from '#test/core/snapshot/folders-in-bucket.ts'
import { createBucket, useEndpoints } from '#test/support/endpoints.ts'

const BUCKET = 'gates'
const NOW = new Date('2026-11-21T12:00:00.000Z')
const ASKS = `before-deploy:
  recorded: 1h
  attest: { version-tagged: The version in service has a tag., on-call-told: The people on call know. }
`

describe('the gate before a deployment', () => {
  const current = useEndpoints()
  const objects = s3Objects(BUCKET)
  beforeAll(() => createBucket(current().endpoints.url, BUCKET))

  const ask = async (plan: string, attested: Record<string, string>, more = ASKS) => {
    const folder = await planFolder({ 'plan.yaml': edited(['contacts:\n', `${more}contacts:\n`]) })
    const loaded = { ...(await loadPlan(folder)), name: plan as never }
    return askGate(loaded, { by: 'ana', attested }, { objects, environment: 'prod', now: NOW })
  }
  const missing = (gate: Awaited<ReturnType<typeof askGate>>) =>
    gate.items.filter(({ met }) => !met).map(({ name, detail }) => `${name}: ${detail}`)
  const recordOf = (plan: string, at: string) => objects.write(`recorded/${plan}/${at}.json`, '{}')
  const ALL = { 'version-tagged': 'v1.7.9-pre-cluster', 'on-call-told': 'page 4711' }

  test('stays shut, and names everything that is missing (VEC-06)', async () => {
    const gate = await ask('nothing', { 'version-tagged': '  ' })
    expect(gate).toMatchObject({ passed: false, key: null })
    expect(missing(gate)).toEqual([
      'recorded: there is none: vector-rollback record nothing',
      'version-tagged: nobody has said so: --attest version-tagged="…"',
      'on-call-told: nobody has said so: --attest on-call-told="…"',
    ])
  })

  test('opens when all is there, and keeps who said what, once', async () => {
    await recordOf('ready', '2026-11-21T11:30:00.000Z')
    const gate = await ask('ready', ALL)
    expect(gate).toMatchObject({ passed: true, key: 'gates/ready/2026-11-21T12:00:00.000Z.json' })
    const kept = PassedGate.parse((await readJson(objects, gate.key ?? ''))?.value)
    expect(kept).toMatchObject({ plan: 'ready', environment: 'prod', by: 'ana' })
    expect(kept.items.map(({ name, detail }) => `${name}: ${detail}`)).toEqual([
      'recorded: the newest is of 2026-11-21T11:30:00.000Z, 30 min ago',
      'version-tagged: v1.7.9-pre-cluster',
      'on-call-told: page 4711',
    ])
  })

  test('takes neither an old record nor one of tomorrow', async () => {
    await recordOf('stale', '2026-11-21T10:59:59.000Z')
    await recordOf('stale', '2026-11-22T00:00:00.000Z')
    expect(missing(await ask('stale', ALL))).toEqual(['recorded: the newest is of 2026-11-21T10:59:59.000Z, 1 h ago'])
  })

  describe('asks for a snapshot of all protected tables', () => {
    const SNAPSHOT = 'before-deploy: { snapshot: 24h }\n'
    const NAME = 'live-20261121T031207Z-0a1b2c'
    const sealed = (plan: string) => writeSealed(objects, NAME, plan as PlanName)
    const askFor = async (plan: string, { tables = 'public.items', at = NOW, environment = 'test' } = {}) => {
      const folder = await planFolder({
        'plan.yaml': edited(
          ['contacts:\n', `${SNAPSHOT}contacts:\n`],
          ['tables: [public.embeddings]', `tables: [${tables}]`],
          ['retire: [public.embeddings]', 'retire: [public.items]'],
        ),
      })
      const loaded = { ...(await loadPlan(folder)), name: plan as PlanName }
      return missing(await askGate(loaded, { by: 'ana', attested: {} }, { objects, environment, now: at }))
    }
    const NONE = (plan: string) => [`snapshot: there is none: vector-rollback snapshots take ${plan}`]

    test('that is sealed: one that is still being taken is none (VEC-05)', async () => {
      await writeParts(objects, NAME, 'unsealed' as PlanName)
      expect(await askFor('unsealed')).toEqual(NONE('unsealed'))
      await sealed('whole')
      expect(await askFor('whole')).toEqual([])
    })

    test('of this environment, and of every table', async () => {
      await sealed('partly')
      expect(await askFor('partly', { tables: 'public.items, public.tags' })).toEqual(NONE('partly'))
      expect(await askFor('partly', { environment: 'prod' })).toEqual(NONE('partly'))
    })

    test('whose rows are not older than the plan allows', async () => {
      await sealed('old')
      const [late] = await askFor('old', { at: new Date('2026-11-22T03:12:08.000Z') })
      expect(late).toMatch(/^snapshot: the newest is "live-20261121T031207Z-0a1b2c" of 2026-11-21T03:12:07\.000Z, 24 h/)
    })

    test('of which every object is there, and is what was written (VEC-05, DEF-20)', async () => {
      const [, part] = (await sealed('damaged')).tables[0]?.parts ?? []
      const { body } = (await objects.read(part?.key ?? '')) ?? { body: new Uint8Array() }
      // As long as it was: the list of the bucket does not show it.
      await objects.write(part?.key ?? '', body.with(40, (body[40] ?? 0) ^ 1))
      const [damaged] = await askFor('damaged')
      expect(damaged).toContain(`"${part?.key}"`)
    })
  })

  test('refuses to attest what nobody asks for: a typing error would look like a yes', async () => {
    await expect(ask('typing', { ...ALL, 'version-taged': 'v1' })).rejects.toThrow(
      'The plan asks nobody to attest "version-taged". Did you mean "version-tagged"?',
    )
  })

  test('is refused for a plan that has none', async () => {
    await expect(ask('none', {}, '')).rejects.toThrow('Plan "none" has no gate.')
  })
})
