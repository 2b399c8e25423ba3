import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { expect } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import { drillAws } from '#cli/drill-aws.ts'
import type { FlagPath, IncidentId, Path } from '#core/names.ts'
import { fixtureOf } from '#core/plan/fixture.ts'
import { loadPlan } from '#core/plan/load.ts'
import { outcomeOf } from '#local/outcome.ts'
import { startStack } from '#local/stack.ts'
import { startStandIn } from '#local/stand-in.ts'
import { createDatabase } from '#test/support/database.ts'
import { EVERYBODY } from '#test/support/paths.ts'

export const QUEUE_FOLDER = new URL('../../plans/embedding-queue', import.meta.url).pathname
const NAME = 'embedding-queue'
const WATCH = /^watch:\n(?: .*\n)+/m
const ROWS = 60
const FLAGS = ['EMBEDDING_QUEUE_ENABLED', 'EMBEDDING_WORKER_ENABLED', 'SEMANTIC_SEARCH_ENABLED']
/** All three, as the last procedures leave them. */
export const SAFE = Object.fromEntries(FLAGS.map((flag) => [flag, 'false']))
const QUEUE = 'embedding_tasks, public.embedding_worker_status, public.embedding_audit_logs, public.performance_metrics'

/** The plan as it is but for the half hour of watching, which the drill has: three more rounds of every check in each run. */
const withoutWatch = async (): Promise<string> => {
  const plans = await mkdtemp(join(tmpdir(), 'vector-rollback-plans-'))
  await cp(QUEUE_FOLDER, join(plans, NAME), { recursive: true })
  const file = join(plans, NAME, 'plan.yaml')
  const text = await readFile(file, 'utf8')
  if (!WATCH.test(text)) throw new Error(`${WATCH} is not in ${file}`)
  await writeFile(file, text.replace(WATCH, ''))
  return plans
}

/** A rollback that is done, with every check passed. */
export const done = (run: Awaited<ReturnType<QueueWorld['run']>>) => {
  expect(run.problem).toBeNull()
  expect([run.report?.outcome, run.failed]).toEqual(['rolled-back', []])
  return run
}

export type QueueWorld = Awaited<ReturnType<typeof startQueueWorld>>

/** The plan on its fixture, on a real server as a master that is no superuser, with AWS as a bad deployment leaves it. */
export const startQueueWorld = async () => {
  const db = await createDatabase()
  const fixture = await fixtureOf(QUEUE_FOLDER)
  const plans = await withoutWatch()
  const plan = await loadPlan(join(plans, NAME))
  const stack = await startStack({
    environment: 'test',
    database: { url: db.url },
    approvers: () => EVERYBODY,
    steps: 'hurry',
    plansDirectory: plans,
  })
  const inAws = await drillAws(stack, plan, 'test')
  const app = await startStandIn(plan, { stack, database: postgres({ url: db.url }), environment: 'test' })
  stack.endsWith(() => app.close())
  const admin = new Client(db.superuserUrl)
  await admin.connect()
  const query = async <R extends Record<string, unknown>>(text: string) => (await admin.query<R>(text)).rows
  let runs = 0
  const run = async (path: Path, scenario?: string, input: object = {}) => {
    const incident = `${scenario ?? path}-${++runs}` as IncidentId
    const { arn } = await stack.execute(incident, {
      plan: NAME,
      path,
      reason: 'a test',
      ...(scenario === undefined ? {} : { scenario }),
      ...input,
    })
    const outcome = await outcomeOf(arn, incident, stack)
    const failed = (outcome.report?.checks ?? []).filter(({ status }) => status !== 'pass').map(({ name }) => name)
    /** Captured rows by the SELECT that found them, each once. */
    const captured = async (file: string): Promise<Record<string, unknown>[]> => {
      const found: Record<string, unknown>[] = []
      for await (const { key } of stack.objects.list(`evidence/${incident}/captured/${file}/`)) {
        if (!key.endsWith('.jsonl')) continue
        const text = Buffer.from((await stack.objects.read(key))?.body ?? []).toString('utf8')
        found.push(
          ...text
            .trimEnd()
            .split('\n')
            .map((line) => JSON.parse(line) as Record<string, unknown>),
        )
      }
      return found
    }
    return { incident, ...outcome, failed, captured }
  }
  const parameter = async (name: string) => (await stack.flags.read(`/app/test/${name}` as FlagPath))?.value
  return {
    db,
    stack,
    plan,
    /** Asks the application, as somebody who has a token. */
    ask: async (method: string, path: string, body?: object) => {
      const response = await fetch(`${app.urls['article-manager']}${path}`, {
        method,
        headers: { authorization: 'Bearer made-up', 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      return { status: response.status, json: text === '' ? null : JSON.parse(text) }
    },
    query,
    run,
    parameter,
    /** The rows of one SQL file of the plan. */
    rowsOf: (file: string) => query(plan.sql[file] ?? `no ${file}`),
    flags: async () => Object.fromEntries(await Promise.all(FLAGS.map(async (flag) => [flag, await parameter(flag)]))),
    statuses: async () =>
      Object.fromEntries(
        (await query(`select status, count(*)::int as n from public.embedding_tasks group by 1`)).map(
          ({ status, n }) => [status, n],
        ),
      ) as Record<string, number>,
    failures: async (message: string) =>
      Number(
        (
          await query(
            `select count(*)::int as n from public.embedding_tasks where status = 'failed' and error_message = '${message}'`,
          )
        )[0]?.n,
      ),
    worker: async () => {
      const client = new Client({ connectionString: db.url, application_name: 'embedding-worker-1' })
      client.on('error', () => undefined)
      await client.connect()
      return client
    },
    /** The system as it is before each procedure. */
    reset: async () => {
      // The good settings of the fixture come first: with them, the worker would take a task.
      await stack.flags.write('/app/test/EMBEDDING_WORKER_ENABLED' as FlagPath, 'false')
      await inAws('partial')
      await query(
        `drop table if exists public.${QUEUE}, public.embeddings, public.article_versions, public.articles cascade`,
      )
      await postgres({ url: db.url }).session({ applicationName: 'fixture', statementTimeout: 0 }, (session) =>
        fixture.load(session, { rows: ROWS }),
      )
      for (const flag of FLAGS) await stack.flags.write(`/app/test/${flag}` as FlagPath, 'true')
    },
    close: async () => {
      await stack.close()
      await admin.end()
      await db.drop()
      await rm(plans, { recursive: true, force: true })
    },
  }
}
