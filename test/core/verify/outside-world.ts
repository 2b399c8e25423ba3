import { cloudwatchMetricHistory } from '#aws/metric-history.ts'
import { s3Objects } from '#aws/objects.ts'
import { httpServices } from '#aws/services.ts'
import { keys } from '#core/incident/keys.ts'
import type { Run } from '#core/incident/run.ts'
import { writeJson } from '#core/json.ts'
import type { IncidentId, Sha256 } from '#core/names.ts'
import type { PlanCheck } from '#core/plan/checks.ts'
import type { Plan } from '#core/plan/load.ts'
import { PlanFile } from '#core/plan/schema.ts'
import { parseYaml } from '#core/plan/yaml.ts'
import { SMALL_PLAN } from '#test/core/plan/folder.ts'
import { steppedClock } from '#test/support/clock.ts'
import { createBucket } from '#test/support/endpoints.ts'

let worlds = 0
export const TOKEN = 'a-token-that-nobody-may-see'

/** The small plan with a service `api` and more checks, written as in plan.yaml. */
export const planWith = (checks: string, more = ''): Plan => {
  const text = `${SMALL_PLAN.replace('contacts:', `${checks.replaceAll(/^/gm, '  ')}\ncontacts:`)}
services: { api: { url: "https://api.{env}.example.com", token: "/app/{env}/API_TOKEN" } }
${more}`
  const plan = PlanFile.parse(parseYaml('plan.yaml', text).value)
  return { ...plan, directory: '/nowhere', digest: 'a'.repeat(64) as Sha256, sql: { 'sql/answers.sql': 'select 1' } }
}

export const RUN: Run = {
  plan: 'small' as Run['plan'],
  planDigest: 'a'.repeat(64) as Sha256,
  incident: 'small-flag-1' as IncidentId,
  execution: 'arn',
  epoch: 1,
  path: 'flag',
  drill: false,
}

/** What the function outside has, with the service `api` of the small plan at this address. */
export const outsideWorld = async (endpoint: string, url: string) => {
  // A bucket of its own: what one test leaves there is nothing to another.
  worlds += 1
  const bucket = `outside-${worlds}`
  await createBucket(endpoint, bucket)
  const objects = s3Objects(bucket)
  const { plan, incident, execution, epoch } = RUN
  const at = '2026-11-01T00:00:00.000Z'
  await writeJson(objects, keys.lease(plan), { plan, incident, execution, epoch, claimedAt: at, released: false })
  const clock = { ...steppedClock(), sleep: () => Promise.resolve() }
  return {
    flags: { read: async () => ({ value: 'false', version: 1 }), write: async () => ({ version: 2 }) },
    services: httpServices({ read: async () => TOKEN }, 'loopback'),
    serviceUrls: { small: { api: url } },
    metricHistory: cloudwatchMetricHistory(),
    objects,
    clock,
    environment: 'test',
    signal: new AbortController().signal,
  }
}

export const checkNamed = (plan: Plan, name: string): PlanCheck => {
  const check = plan.checks[name]
  if (!check) throw new Error(`there is no check "${name}"`)
  return check
}
