import { Client } from 'pg'
import { postgres } from '#aws/postgres.ts'
import type { IncidentId, Path } from '#core/names.ts'
import { fixtureOf } from '#core/plan/fixture.ts'
import { loadPlan } from '#core/plan/load.ts'
import type { Approver } from '#local/answers.ts'
import { type LocalOutcome, outcomeOf } from '#local/outcome.ts'
import { type Stack, startStack } from '#local/stack.ts'
import { startStandIn } from '#local/stand-in.ts'
import { createDatabase, type TestDatabase } from '#test/support/database.ts'
import { onlyPlan } from '#test/support/only-plan.ts'

export const PLAN = 'pgvector-search'
export const PLAN_FOLDER = new URL('../../plans/pgvector-search', import.meta.url).pathname
export const FLAG = '/app/test/VECTOR_SEARCH_ENABLED'

/** The people whom the plan asks, all of them. */
export const EVERYBODY: Approver[] = ['team-lead', 'dba', 'product-owner', 'on-call'].map((role) => ({
  role,
  name: `${role} in person`,
}))

export interface World {
  readonly db: TestDatabase
  readonly stack: Stack
  /** Who approves from now on. */
  approvers: readonly Approver[]
  run(path: Path, input?: object): Promise<LocalOutcome & { incident: IncidentId }>
  /** Rows as the superuser sees them, past every policy. */
  query<R extends Record<string, unknown>>(text: string): Promise<R[]>
  close(): Promise<void>
}

/** The fixture of the plan on a database of the real server, owned by a master that is no superuser, and the local stack. */
export const startWorld = async (
  options: {
    plan?: string
    rows?: number
    plansDirectory?: string
    environment?: string
    /** Where the stack finds the database, when not at its own URL: a wire that can be cut. */
    through?: (url: string) => Promise<string>
  } = {},
): Promise<World> => {
  const { plan: name = PLAN, environment = 'test', through = async (url: string) => url } = options
  const folder = new URL(`../../plans/${name}`, import.meta.url).pathname
  const alone = await onlyPlan(name)
  const db = await createDatabase()
  const fixture = await fixtureOf(folder)
  await postgres({ url: db.url }).session({ applicationName: 'fixture', statementTimeout: 0 }, (session) =>
    fixture.load(session, { rows: options.rows ?? 300 }),
  )
  const world: { approvers: readonly Approver[] } = { approvers: [] }
  const stack = await startStack({
    environment,
    database: { url: await through(db.url) },
    approvers: () => world.approvers,
    plansDirectory: options.plansDirectory ?? alone.directory,
  })
  const plan = await loadPlan(folder)
  const app = await startStandIn(plan, { stack, database: postgres({ url: db.url }), environment })
  stack.endsWith(() => app.close())
  const admin = new Client(db.superuserUrl)
  await admin.connect()
  let runs = 0
  return Object.assign(world, {
    db,
    stack,
    run: async (path: Path, input: object = {}) => {
      const incident = `${path}-${++runs}` as IncidentId
      const { arn } = await stack.execute(incident, { plan: name, path, reason: 'a test', ...input })
      return { incident, ...(await outcomeOf(arn, incident, stack)) }
    },
    query: async <R extends Record<string, unknown>>(text: string) => (await admin.query<R>(text)).rows,
    close: async () => {
      await stack.close()
      await admin.end()
      await db.drop()
      await alone.remove()
    },
  })
}
