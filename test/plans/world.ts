import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { postgres } from '#aws/postgres.ts'
import { drillAws } from '#cli/drill-aws.ts'
import type { FlagPath, IncidentId } from '#core/names.ts'
import { fixtureOf } from '#core/plan/fixture.ts'
import { loadPlan, type Plan, resolveFlag } from '#core/plan/load.ts'
import type { Route } from '#core/plan/work-of.ts'
import type { Approver } from '#local/answers.ts'
import { type LocalOutcome, outcomeOf } from '#local/outcome.ts'
import { type Stack, startStack } from '#local/stack.ts'
import { startStandIn } from '#local/stand-in.ts'
import { createDatabase, type TestDatabase } from '#test/support/database.ts'

export const ENVIRONMENT = 'test'

export const planFolder = (name: string): string => fileURLToPath(new URL(`../../plans/${name}`, import.meta.url))

/** A database with the fixture, to make copies of: nobody stays connected to it. */
export const fixtureDatabase = async (
  name: string,
  options: { rows: number; scenario?: string },
): Promise<TestDatabase> => {
  const db = await createDatabase()
  const fixture = await fixtureOf(planFolder(name))
  await postgres({ url: db.url }).session({ applicationName: 'fixture', statementTimeout: 0 }, (session) =>
    fixture.load(session, options),
  )
  return db
}

/** The fixture of a plan where no run is needed, and rows as the superuser sees them. */
export const startDatabase = async (name: string, rows: number) => {
  const db = await fixtureDatabase(name, { rows })
  const admin = new Client(db.superuserUrl)
  await admin.connect()
  return {
    db,
    query: async <R extends Record<string, unknown>>(text: string) => (await admin.query<R>(text)).rows,
    close: async () => {
      await admin.end()
      await db.drop()
    },
  }
}

export interface Answer {
  readonly status: number
  readonly json: Record<string, unknown>
}

export interface PlanWorld {
  readonly plan: Plan
  readonly db: TestDatabase
  readonly stack: Stack
  /** Who answers from now on; everybody whom the plan knows, at first. */
  approvers: readonly Approver[]
  run(route: Route, input?: object): Promise<LocalOutcome & { incident: IncidentId }>
  flag(name: string): Promise<string | undefined>
  /** Asks the application of the plan, as somebody who has a token. */
  ask(method: string, path: string, options?: { headers?: Record<string, string>; body?: object }): Promise<Answer>
  /** A parameter of the application by the last part of its name. */
  parameter(name: string): Promise<string | undefined>
  /** Rows as the superuser sees them, past every policy. */
  query<R extends Record<string, unknown>>(text: string): Promise<R[]>
  close(): Promise<void>
}

/** A plan in its drill's system: a copy of the fixture, owned by a master that is no superuser, and the local stack. */
export const planWorld = async (name: string, template: TestDatabase): Promise<PlanWorld> => {
  const plan = await loadPlan(planFolder(name))
  const db = await createDatabase({ template })
  const admin = new Client(db.superuserUrl)
  await admin.connect()
  const { rows: comment } = await admin.query<{ statement: string }>(
    `select pg_catalog.format('comment on database %I is %L', pg_catalog.current_database(), $1::text) as statement`,
    [plan.database.sentinel.equals],
  )
  for (const { statement } of comment) await admin.query(statement)
  const people: { approvers: readonly Approver[] } = {
    approvers: Object.keys(plan.contacts).map((role) => ({ role, name: `${role} in person` })),
  }
  const stack: Stack = await startStack({
    environment: ENVIRONMENT,
    database: { url: db.url },
    approvers: () => people.approvers,
  })
  const app = await startStandIn(plan, { stack, database: postgres({ url: db.url }), environment: ENVIRONMENT })
  stack.endsWith(() => app.close())
  const flagValue = async (flag: string) => (await stack.flags.read(resolveFlag(plan, flag, ENVIRONMENT)))?.value
  await (await drillAws(stack, plan, ENVIRONMENT))('partial')
  for (const [flag, { on }] of Object.entries(plan.flags))
    await stack.flags.write(resolveFlag(plan, flag, ENVIRONMENT), on)
  let runs = 0
  return Object.assign(people, {
    plan,
    db,
    stack,
    run: async ({ path, scenario }: Route, input: object = {}) => {
      const incident = `${scenario ?? path}-${++runs}` as IncidentId
      const asked = { plan: name, path, ...(scenario === undefined ? {} : { scenario }), reason: 'a test', ...input }
      const { arn } = await stack.execute(incident, asked)
      return { incident, ...(await outcomeOf(arn, incident, stack)) }
    },
    flag: flagValue,
    ask: async (method: string, path: string, { headers = {}, body }: { headers?: object; body?: object } = {}) => {
      const [url] = Object.values(app.urls)
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { authorization: 'Bearer made-up', 'content-type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      return { status: response.status, json: text === '' ? {} : JSON.parse(text) }
    },
    parameter: async (parameter: string) =>
      (await stack.flags.read(`/app/${ENVIRONMENT}/${parameter}` as FlagPath))?.value,
    query: async <R extends Record<string, unknown>>(text: string) => (await admin.query<R>(text)).rows,
    close: async () => {
      await stack.close()
      await admin.end()
      await db.drop()
    },
  })
}
