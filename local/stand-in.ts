import { ssmFlags } from '#aws/flags.ts'
import { createEvaluator, type Evaluator } from '#core/evaluator/evaluator.ts'
import type { FlagPath } from '#core/names.ts'
import { type Plan, resolveFlag, resolveRamp } from '#core/plan/load.ts'
import { type StandInWorld, standInOf } from '#core/plan/stand-in.ts'
import type { Database, MetricName } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'
import { serveApp } from '#local/app-server.ts'
import { setEnvironment } from '#local/environment.ts'
import type { Stack } from '#local/stack.ts'

export interface RunningStandIn {
  /** By service; empty where the plan has no stand-in. */
  readonly urls: Readonly<Record<string, string>>
  close(): Promise<void>
}

/** Milliseconds. Every question reads the store: an application that is slow to obey is another test. */
const FRESH = 1

const evaluatorOf = (plan: Plan, name: string, on: string, environment: string): Evaluator => {
  const flags = ssmFlags()
  const ramp = resolveRamp(plan, name, environment)
  return createEvaluator({
    readFlag: () => flags.read(resolveFlag(plan, name, environment)),
    ...(ramp === null ? {} : { readRamp: () => flags.read(ramp) }),
    on,
    salt: name,
    ttl: FRESH,
  })
}

/** PutMetricData by the protocol of the local endpoint: the adapters have no way to write metrics. */
const measure = async ({ namespace, name, dimensions }: MetricName, value: number, at: Date): Promise<void> => {
  const endpoint = process.env.AWS_ENDPOINT_URL_CLOUDWATCH ?? ''
  const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }))
  const datum = { MetricName: name, Dimensions, Timestamp: at.getTime() / 1000, Value: value }
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'GraniteServiceVersion20100801.PutMetricData',
    },
    body: JSON.stringify({ Namespace: namespace, MetricData: [datum] }),
  })
  if (!response.ok) throw new Error(`PutMetricData gave ${response.status}: ${await response.text()}`)
}

const asRole =
  (database: Database): StandInWorld['asRole'] =>
  (role, work) =>
    database.session({ applicationName: 'stand-in' }, (session) =>
      session.transaction(async () => {
        await session.query(sql`set local role ${sql.id(role)}`)
        await session.query(sql`set local row_security = on`)
        return work(session)
      }),
    )

/**
 * Plays the application of a plan, where the plan has a stand-in: on loopback, on the database of the stack, until it is closed. The
 * checks of the plan ask it from now on.
 */
export const startStandIn = async (
  plan: Plan,
  {
    stack,
    database,
    environment,
  }: { readonly stack: Stack; readonly database: Database; readonly environment: string },
): Promise<RunningStandIn> => {
  const start = await standInOf(plan.directory)
  if (start === null) return { urls: {}, close: async () => undefined }
  const ending = new AbortController()
  const servers: { close(): Promise<void> }[] = []
  const flags = Object.entries(plan.flags).map(([name, { on }]) => [name, evaluatorOf(plan, name, on, environment)])
  const end = async () => {
    ending.abort()
    for (const server of servers) await server.close()
  }
  try {
    const { urls, close } = await start({
      environment,
      clock: stack.clock,
      flags: Object.fromEntries(flags) as StandInWorld['flags'],
      parameter: async (name) =>
        (await ssmFlags().read(name.replaceAll('{env}', environment) as FlagPath))?.value ?? null,
      asRole: asRole(database),
      serve: async (routes) => {
        const server = await serveApp(routes)
        servers.push(server)
        return server.url
      },
      measure: (metric, value) => measure(metric, value, stack.clock.now()),
      signal: ending.signal,
    })
    const before: unknown = JSON.parse(process.env.SERVICE_URLS || '{}')
    const undo = setEnvironment({ SERVICE_URLS: JSON.stringify({ ...(before as object), [plan.name]: urls }) })
    return {
      urls,
      close: async () => {
        undo()
        // What waits for something in the application is told first: it may wait for that itself.
        ending.abort()
        try {
          await close()
        } finally {
          await end()
        }
      },
    }
  } catch (error) {
    await end()
    throw error
  }
}
