import { expect, onTestFinished, test } from 'vitest'
import { fixtureDatabase, type PlanWorld, planWorld } from '#test/plans/world.ts'
import { describePostgres } from '#test/support/database.ts'

const CANARY = { 'x-tenant-id': '00000000-0000-4000-8000-000000000001' }
/** What every runbook asks of an endpoint. */
const SOON_MS = 5_000

describePostgres('applications without what is rolled back', () => {
  const start = async (name: string): Promise<PlanWorld> => {
    const template = await fixtureDatabase(name, { rows: 60 })
    const world = await planWorld(name, template)
    onTestFinished(async () => {
      await world.close()
      await template.drop()
    })
    return world
  }
  const switchOff = async (world: PlanWorld, ...names: string[]) => {
    for (const name of names) {
      const { parameter, safe } = world.plan.flags[name] ?? {}
      await world.stack.flags.write(String(parameter).replace('{env}', 'test') as never, String(safe))
    }
  }
  const takeAway = async (world: PlanWorld, ...tables: string[]) => {
    await world.query('create schema out_of_reach')
    for (const table of tables) await world.query(`alter table public.${table} set schema out_of_reach`)
  }
  const soon = async (world: PlanWorld, question: Parameters<PlanWorld['ask']>) => {
    const began = performance.now()
    const answer = await world.ask(...question)
    expect(performance.now() - began).toBeLessThan(SOON_MS)
    return answer
  }

  test('embedding-queue: articles are created at once, search finds them by words, and so they do when the queue is gone (EMQ-12, EMQ-62, EMQ-72, EMQ-74, EMQ-77)', async () => {
    const world = await start('embedding-queue')
    const create = (title: string) =>
      soon(world, ['POST', '/api/articles', { body: { title, content: 'about an unheard of gasket' } }])
    const find = () => soon(world, ['POST', '/api/search', { body: { query: 'gasket', k: 5 } }])
    const embedded = () =>
      world.query(`select 1 from public.embeddings e join public.articles a on a.id = e.article_id
      where a.slug like 'gasket%'`)

    expect((await create('Gasket 1')).json).toMatchObject({ task: expect.any(Number) })
    expect(await embedded()).toHaveLength(0)
    expect((await find()).json).toMatchObject({ mode: 'meaning' })

    await switchOff(world, 'EMBEDDING_QUEUE_ENABLED')
    expect(await create('Gasket 2')).toMatchObject({ status: 201, json: { slug: 'gasket-2', task: null } })
    expect(await embedded()).toHaveLength(1)

    await switchOff(world, 'SEMANTIC_SEARCH_ENABLED')
    expect(await create('Gasket 3')).toMatchObject({ status: 201, json: { task: null } })
    expect(await embedded()).toHaveLength(1)
    expect((await find()).json).toMatchObject({ mode: 'words', results: [{}, {}, {}] })

    await takeAway(world, 'embedding_tasks', 'embedding_worker_status', 'embedding_audit_logs', 'performance_metrics')
    expect(await create('Gasket 4')).toMatchObject({ status: 201, json: { task: null } })
    expect((await find()).json.results).toHaveLength(4)
    for (const path of ['/health', '/api/articles', '/api/settings'])
      expect((await soon(world, ['GET', path])).status).toBe(200)
  })

  test('embedding-queue: what the application publishes and logs is asked for when a quarter of an hour is over (EMQ-74, EMQ-77, EMQ-78)', async () => {
    const world = await start('embedding-queue')
    const { report, problem } = await world.run({ path: 'flag' })
    expect([problem, report?.outcome]).toEqual([null, 'rolled-back'])
    expect(report?.watch).toContainEqual(expect.objectContaining({ tier: 3, status: 'pass' }))
    expect(world.plan.watch?.tiers.at(-1)?.checks).toEqual(
      expect.arrayContaining(['articles-written-fast', 'no-queue-errors']),
    )
  })

  test('memory-chunks: relay-api answers without what it remembers, with the flag off or the table gone (MEM-27, MEM-49)', async () => {
    const world = await start('memory-chunks')
    const answer = () => soon(world, ['GET', '/api/answer?q=canary', { headers: CANARY }])
    expect((await answer()).json).toMatchObject({ memory: true, remembered: [{}, {}, {}] })
    await takeAway(world, 'memory_chunks')
    expect(await answer()).toMatchObject({ status: 200, json: { memory: false, remembered: [] } })
    await world.query('alter table out_of_reach.memory_chunks set schema public')
    await switchOff(world, 'MEMORY_ENABLED')
    expect(await answer()).toMatchObject({ status: 200, json: { memory: false, remembered: [] } })
    expect((await soon(world, ['GET', '/api/conversations', { headers: CANARY }])).json.conversations).not.toEqual([])
    expect((await soon(world, ['GET', '/health'])).json).toEqual({ status: 'ok', database: 'ok' })
  })

  test('database-optimization: the queries of before give the same answers, and search needs no vector index (OPT-18, OPT-46)', async () => {
    const world = await start('database-optimization')
    const stats = async () => (await soon(world, ['GET', '/api/assistants/stats'])).json
    const search = async () => (await soon(world, ['GET', '/api/search?q=canary'])).json.results
    const [optimised, found] = [await stats(), await search()]
    expect(optimised.queries).toBe('optimised')
    await switchOff(world, 'OPTIMIZED_QUERIES_ENABLED')
    await world.query('drop index public.idx_knowledge_embeddings_ivfflat, public.idx_knowledge_embeddings_hnsw')
    expect(await stats()).toEqual({ ...optimised, queries: 'of before' })
    expect(await search()).toHaveLength((found as unknown[]).length)
  })

  test('cluster-mode: a vectorizer whose store is gone is up and says so at once (VEC-38, VEC-42)', async () => {
    const world = await start('cluster-mode')
    const totals = async () => (await soon(world, ['GET', '/stats', { headers: CANARY }])).json
    const search = () => soon(world, ['POST', '/collections/canary/search', { headers: CANARY, body: { key: 'v-1' } }])
    expect(await totals()).toMatchObject({ collections: 1 })
    expect((await search()).status).toBe(200)
    await takeAway(world, 'vectors', 'collections')
    expect(await totals()).toMatchObject({ collections: 0, vectors: 0 })
    expect((await search()).status).toBe(503)
    expect((await soon(world, ['GET', '/health'])).json.status).toBe('healthy')
  })
})
