import { describe, expect, test } from 'vitest'
import { edited, planFolder } from '#test/core/plan/folder.ts'
import { cli, linesOf } from './cli.ts'

const PLAN = 'pgvector-search'

describe('without a database', () => {
  test.each([
    ['flag', 'nothing is destroyed', 'VECTOR_SEARCH_ENABLED = "false"'],
    ['partial', 'nothing is destroyed', 'drop index concurrently if exists "public"."embeddings_embedding_idx";'],
    ['full', 'nothing is destroyed', 'move public.embeddings, public.document_chunks out of reach'],
    ['restore', 'nothing is destroyed', 're-enable: team-lead; one person'],
    [
      'purge',
      'rows and bytes are not known without the database',
      'purge: team-lead, dba; 2 different people, within 1d',
    ],
  ])('the path %s is shown from the plan alone, and says so', async (path, destroys, line) => {
    const { code, stdout, stderr } = await cli(['plan', 'preview', PLAN, '--path', path])
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain(destroys)
    expect(stdout).toContain(line)
    expect(stdout).toContain('the database: give --database-url')
    expect(stdout).toMatch(/Nothing was written\. This was a preview\.\n$/)
  })

  test("the plan's own SQL is shown statement by statement with its locks", async () => {
    const directory = await planFolder({
      'sql/step.sql': '-- why\nlock table public.embeddings in share mode;\nanalyze public.embeddings;\n',
    })
    const { code, stdout } = await cli(['plan', 'preview', directory, '--path', 'partial'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/lock table public\.embeddings in share mode;\n +lock: SHARE on public\.embeddings/)
    expect(stdout).toMatch(/analyze public\.embeddings;\n +lock: SHARE UPDATE EXCLUSIVE on public\.embeddings/)
  })

  test('a bad plan ends with 2 and its problems, and nothing is previewed', async () => {
    const directory = await planFolder({ 'plan.yaml': edited(['budget: 30m', 'bugdet: 30m']) })
    const { code, stdout, stderr } = await cli(['plan', 'preview', directory, '--path', 'full'])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^error Plan\.Invalid\n/)
    expect(stderr).toMatch(/small\/plan\.yaml:\d+:\d+: paths\.full: "bugdet" is not a key/)
  })
})

describe('a database that cannot be looked at', () => {
  const preview = (url: string) => cli(['plan', 'preview', PLAN, '--path', 'full', '--database-url', url])

  test('does not answer: 5, with its address and what to check, and never the password', async () => {
    const { code, stdout, stderr } = await preview('postgresql://me:s3cret@127.0.0.1:1/app')
    expect([code, stdout]).toEqual([5, ''])
    expect(stderr).toMatch(/^error Postgres\.Unreachable\n.*127\.0\.0\.1:1/)
    expect(stderr).toMatch(/^fix Check host, port/m)
    expect(stderr).not.toContain('s3cret')
    expect(linesOf(stderr)).toBeLessThan(24)
  })

  test('has a URL that is none: 2', async () => {
    const { code, stderr } = await preview('mysql://root:s3cret@localhost/app')
    expect(code).toBe(2)
    expect(stderr).toMatch(/^error Postgres\.BadUrl\n/)
    expect(stderr).not.toContain('s3cret')
  })
})

describe('a size that is not there yet', () => {
  const sized = (size: string) => cli(['plan', 'preview', PLAN, '--path', 'full', '--size', size])

  test('is previewed without a database, with what it costs', async () => {
    const { code, stdout } = await sized('rows=1000000,dims=1536')
    expect(code).toBe(0)
    for (const word of ['in 101 parts', 'events of the history', 'GB-seconds', 'a month for the snapshot'])
      expect(stdout).toContain(word)
  })

  test('that would not work is refused, and one that is none is not understood', async () => {
    expect((await sized('rows=1000000000,dims=1536')).stdout).toContain('Would not work:')
    expect((await sized('rows=1000000000,dims=1536')).code).toBe(3)
    expect((await sized('a lot')).code).toBe(2)
  })
})
