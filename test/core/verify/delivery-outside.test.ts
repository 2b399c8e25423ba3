import { describe, expect, test } from 'vitest'
import { PlanFile } from '#core/plan/schema.ts'
import { parseYaml } from '#core/plan/yaml.ts'
import { proveDeliveryOutside } from '#core/verify/delivery-outside.ts'
import { edited } from '#test/core/plan/folder.ts'
import { useEndpoints } from '#test/support/endpoints.ts'
import { type ServiceAnswer, serviceServer } from '#test/support/service-server.ts'
import { outsideWorld, planWith, RUN } from './outside-world.ts'

const at = useEndpoints()

const plan = () => ({
  ...planWith(''),
  ...PlanFile.parse(
    parseYaml(
      'plan.yaml',
      edited(
        ['    within: 15s\n', '    within: 15s\n    echo: { http: { service: api, path: /flags } }\n'],
        ['contacts:', 'services: { api: { url: "https://api.example.com" } }\ncontacts:'],
      ),
    ).value,
  ),
})

const proved = async (answer: (nth: number) => ServiceAnswer) => {
  const service = await serviceServer((_, nth) => answer(nth))
  const world = await outsideWorld(at().endpoints.url, service.url)
  const contained = { at: world.clock.now().getTime(), versions: new Map([['SEARCH', 7]]) }
  const sleep = async (milliseconds: number) => world.clock.step(milliseconds)
  const ports = { ...world, clock: { now: world.clock.now, sleep }, remaining: () => 600_000 }
  const prove = () => proveDeliveryOutside(RUN, plan(), contained, ports)
  return { prove, service }
}
const see = (...values: (string | null)[]): ServiceAnswer => ({
  json: values.map((value, i) => ({ consumer: `api-${i + 1}`, value, version: value === null ? 7 : undefined })),
})

describe('a service that says who obeys', () => {
  test('is asked until all do (PGV-18)', async () => {
    const { prove, service } = await proved((nth) => (nth < 3 ? see('false', 'true') : see('false', null)))
    expect(await prove()).toEqual([
      {
        name: 'delivery of SEARCH',
        describe: 'The application obeys "false", 15s after the flag was set.',
        status: 'pass',
        detail: '2 of 2 consumers obey "false"',
      },
    ])
    expect(service.requests).toHaveLength(3)
  })

  test('names those that have not followed when the time of the flag is over', async () => {
    const { prove } = await proved(() => see('false', 'true'))
    expect(await prove()).toMatchObject([{ status: 'fail', detail: expect.stringContaining('api-2 sees "true"') }])
  })

  test.each<[string, ServiceAnswer]>([
    ['in trouble', { status: 503 }],
    ['that answers no list', { json: { consumers: [] } }],
    ['that answers no JSON', { text: 'ok' }],
    ['that breaks off', 'hang-up'],
    ['with no consumer', { json: [] }],
  ])('proves nothing either way when it is one %s', async (_, answer) => {
    const { prove } = await proved(() => answer)
    expect(await prove()).toMatchObject([{ status: 'unknown' }])
  })

  test('that is not there is not waited for: the rollback goes on', async () => {
    const { prove, service } = await proved(() => see('false'))
    await service.close()
    const before = performance.now()
    expect(await prove()).toMatchObject([{ status: 'unknown', detail: expect.stringContaining('cannot be reached') }])
    expect(performance.now() - before).toBeLessThan(5_000)
  })
})
