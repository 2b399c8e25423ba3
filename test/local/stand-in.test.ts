import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import type { FlagPath } from '#core/names.ts'
import { fixtureIn, fixtureOf } from '#core/plan/fixture.ts'
import { loadPlan } from '#core/plan/load.ts'
import type { Database } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'
import { serveApp } from '#local/app-server.ts'
import { embedded } from '#local/embedded.ts'
import { type Stack, startStack } from '#local/stack.ts'
import { type RunningStandIn, startStandIn } from '#local/stand-in.ts'
import { planFolder } from '#test/core/plan/folder.ts'
import { createDatabase, describePostgres } from '#test/support/database.ts'
import { PLAN, PLAN_FOLDER } from '#test/support/paths.ts'

const FLAG = '/app/test/VECTOR_SEARCH_ENABLED' as FlagPath
const RAMP = '/app/test/VECTOR_SEARCH_PERCENT' as FlagPath
const CANARY = '00000000-0000-4000-8000-000000000001'

const suite = (
  open: () => Promise<{
    database: Database
    forStack: { url: string } | { embedded: Database }
    close: () => Promise<unknown>
  }>,
) => {
  let stack: Stack
  let app: RunningStandIn
  let database: Database
  let close = async (): Promise<unknown> => undefined
  beforeAll(async () => {
    const opened = await open()
    database = opened.database
    const { load } = await fixtureOf(PLAN_FOLDER)
    await database.session({ applicationName: 'fixture', statementTimeout: 0 }, (session) =>
      load(session, { rows: 40 }),
    )
    stack = await startStack({ environment: 'test', database: opened.forStack })
    app = await startStandIn(await loadPlan(PLAN_FOLDER), { stack, database, environment: 'test' })
    close = async () => {
      await app.close()
      await stack.close()
      await opened.close()
    }
  })
  afterAll(() => close())

  const get = async (path: string, headers: Record<string, string> = { 'x-tenant-id': CANARY }) => {
    const response = await fetch(`${app.urls.search}${path}`, { headers })
    return { status: response.status, json: (await response.json()) as Record<string, unknown> }
  }
  const run = (text: string) => database.session({ applicationName: 'test' }, (session) => session.query(sql.raw(text)))
  const search = async () => {
    const { json } = await get('/api/search?q=canary')
    return [json.mode, (json.results as unknown[]).length > 0]
  }

  test('a small percentage of tenants has the feature first, and the others search by text (PGV-49)', async () => {
    await stack.flags.write(FLAG, 'true')
    const modes = async () => {
      const tenants = [1, 2, 3].map((number) => `00000000-0000-4000-8000-00000000000${number}`)
      const found = tenants.map((tenant) => get('/api/search?q=manual', { 'x-tenant-id': tenant }))
      return (await Promise.all(found)).map(({ json }) => json.mode)
    }
    await stack.flags.write(RAMP, '5')
    expect(await modes()).toEqual(['text', 'vector', 'text'])
    await stack.flags.write(RAMP, '25')
    expect(await modes()).toEqual(['text', 'vector', 'vector'])
    await stack.flags.write(RAMP, '100')
    expect(await modes()).toEqual(['vector', 'vector', 'vector'])
  })

  test('search is by vector while the flag is on, and by text at once when it is off (PGV-16, PGV-18, PGV-19, PGV-41)', async () => {
    await stack.flags.write(FLAG, 'true')
    expect(await search()).toEqual(['vector', true])
    const { version } = await stack.flags.write(FLAG, 'false')
    expect(await search()).toEqual(['text', true])
    expect((await get('/api/feature-flags')).json).toEqual([{ consumer: 'search-api', value: 'false', version }])
  })

  test('search is by machines while chunks and embeddings are away, and health goes on (PGV-19, PGV-43)', async () => {
    await stack.flags.write(FLAG, 'true')
    const move = async (from: string, to: string) => {
      for (const table of ['embeddings', 'document_chunks']) await run(`alter table ${from}.${table} set schema ${to}`)
    }
    await run('create schema away')
    await move('public', 'away')
    expect(await search()).toEqual(['machines', true])
    expect(((await get('/api/machines')).json.machines as unknown[]).length).toBeGreaterThan(0)
    expect((await get('/health')).json).toMatchObject({ status: 'ok', flags: { VECTOR_SEARCH_ENABLED: true } })
    await move('away', 'public')
    expect(await search()).toEqual(['vector', true])
  })

  test('an application that starts anew while the flag is off has it off, too: the value is stored (PGV-17, DEF-32)', async () => {
    await stack.flags.write(FLAG, 'false')
    const again = await startStandIn(await loadPlan(PLAN_FOLDER), { stack, database, environment: 'test' })
    try {
      const response = await fetch(`${again.urls.search}/health`)
      expect(await response.json()).toMatchObject({ flags: { VECTOR_SEARCH_ENABLED: false } })
    } finally {
      await again.close()
    }
  })

  test('a tenant finds nothing of another one, and nobody searches without one', async () => {
    const stranger = { 'x-tenant-id': '00000000-0000-4000-8000-00000000ffff' }
    expect((await get('/api/search?q=canary', stranger)).json.results).toEqual([])
    expect((await get('/api/search?q=canary', {})).status).toBe(401)
  })
}

describe('the stand-in of pgvector-search on the embedded database', () =>
  suite(async () => {
    const database = await embedded()
    return { database, forStack: { embedded: database }, close: () => database.close() }
  }))

describePostgres('the stand-in of pgvector-search on a server', () =>
  suite(async () => {
    const db = await createDatabase()
    return { database: postgres({ url: db.url }), forStack: { url: db.url }, close: () => db.drop() }
  }),
)

describe('a stand-in', () => {
  test('is started only where the database says that it is a fixture of the plan', async () => {
    const database = await embedded()
    try {
      const seen = () => database.session({ applicationName: 'test' }, fixtureIn)
      expect(await seen()).toBeNull()
      const { load } = await fixtureOf(PLAN_FOLDER)
      await database.session({ applicationName: 'fixture' }, (session) => load(session, { rows: 1 }))
      expect(await seen()).toBe(PLAN)
    } finally {
      await database.close()
    }
  })

  test('is none where the plan has none', async () => {
    const plan = await loadPlan(await planFolder())
    const started = await startStandIn(plan, { stack: {} as Stack, database: {} as Database, environment: 'test' })
    expect(started.urls).toEqual({})
  })

  test('that waits for its own end is told of it when it is closed', async () => {
    const app = `export const start = async ({ signal }) => {
  const ended = new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
  return { urls: {}, close: () => ended }
}
`
    const plan = await loadPlan(await planFolder({ 'fixture/app.ts': app }))
    const world = { stack: {} as Stack, database: {} as Database, environment: 'test' }
    await (await startStandIn(plan, world)).close()
  })

  test('answers by its routes: a piece of the path in braces, a 404 for what is not there, a 500 with what went wrong', async () => {
    const server = await serveApp({
      'GET /articles/{id}': ({ parameters, query }) => ({ json: { id: parameters.id, q: query.get('q') } }),
      'POST /articles': ({ body }) => ({ status: 201, json: body }),
      'GET /broken': () => {
        throw new Error('the queue is away')
      },
    })
    try {
      const ask = async (path: string, init?: RequestInit) => {
        const response = await fetch(`${server.url}${path}`, init)
        return [response.status, await response.json()]
      }
      expect(await ask('/articles/a%20b?q=1')).toEqual([200, { id: 'a b', q: '1' }])
      expect(await ask('/articles', { method: 'POST', body: '{"title":"x"}' })).toEqual([201, { title: 'x' }])
      expect((await ask('/articles/1/2'))[0]).toBe(404)
      expect(await ask('/broken')).toEqual([500, { error: 'the queue is away' }])
    } finally {
      await server.close()
    }
  })
})
