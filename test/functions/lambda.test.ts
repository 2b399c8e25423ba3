import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { type Endpoints, startEndpoints } from '#local/endpoints/server.ts'
import { ssmService } from '#local/endpoints/ssm.ts'
import { realClock } from '#test/support/clock.ts'

const TOKEN = 'AQCEAAAAKgAAAAMAAAAAAAAAAf-secret-task-token'
const REASON = 'because customer 4711 said so'
const RUN = {
  plan: 'pgvector-search',
  planDigest: 'a'.repeat(64),
  incident: 'incident-1',
  execution: 'arn:aws:states:us-east-1:000000000000:execution:rollback:incident-1',
  epoch: 1,
  path: 'full',
  drill: false,
}
const contain = (request: object) => ({
  request: { plan: 'pgvector-search', path: 'flag', reason: REASON, ...request },
  execution: { id: RUN.execution, name: RUN.incident },
})

/** One process, as a Lambda is one; calls its handler with the event, `remaining` milliseconds before its time is over. */
const SCRIPT = `
  const { name, module, event, remaining } = JSON.parse(process.argv[1])
  const { handler } = await import(module)
  const over = performance.now() + remaining
  const context = {
    functionName: name, functionVersion: '1', invokedFunctionArn: 'arn', memoryLimitInMB: '512', awsRequestId: 'request-1',
    logGroupName: '-', logStreamName: '-', getRemainingTimeInMillis: () => Math.max(0, over - performance.now()),
  }
  const answer = await handler(event, context).then(
    (result) => ({ result }),
    (error) => ({ errorType: error.name, errorMessage: error.message }),
  )
  process.send(answer, () => process.exit(0))`

const Answer = z.object({
  result: z.unknown().optional(),
  errorType: z.string().optional(),
  errorMessage: z.string().optional(),
})
const Logged = z.looseObject({ level: z.string(), message: z.string() })
const Emf = z.looseObject({ _aws: z.unknown(), step: z.string(), service: z.string() })

describe('a function, as Lambda runs it', () => {
  let endpoints: Endpoints
  let directory: string
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'vector-rollback-lambda-'))
    endpoints = await startEndpoints({ services: [ssmService({ clock: realClock, directory })] })
  })
  afterAll(async () => {
    await endpoints?.close()
    await rm(directory, { recursive: true, force: true })
  })

  /** What it answers, and the lines that CloudWatch would get. */
  const invoke = async (name: string, event: unknown, remaining = 60_000, module = `#functions/${name}.ts`) => {
    const child = spawn(
      process.execPath,
      ['--input-type=module', '-e', SCRIPT, JSON.stringify({ name, module, event, remaining })],
      {
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        env: {
          PATH: process.env.PATH,
          AWS_ENDPOINT_URL: endpoints.url,
          AWS_REGION: 'us-east-1',
          AWS_ACCESS_KEY_ID: 'test',
          AWS_SECRET_ACCESS_KEY: 'test',
          ENVIRONMENT: 'test',
        },
      },
    )
    onTestFinished(() => void child.kill('SIGKILL'))
    if (!child.stdout || !child.stderr) throw new Error('the output of the process is piped')
    const [[answer], ...output] = await Promise.all([once(child, 'message'), text(child.stdout), text(child.stderr)])
    const lines: unknown[] = output
      .join('')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
    return {
      output: output.join(''),
      answer: Answer.parse(answer),
      logged: lines.flatMap((line) => Logged.safeParse(line).data ?? []),
      metrics: lines.flatMap((line) => Emf.safeParse(line).data ?? []),
    }
  }

  test('logs one line and counts a success, without a word of what it was given', async () => {
    const { answer, output, logged, metrics } = await invoke('contain', contain({}))
    expect(answer.result).toMatchObject({ changed: true, flags: [{ parameter: '/app/test/VECTOR_SEARCH_ENABLED' }] })
    expect(logged).toMatchObject([
      { level: 'INFO', message: 'contain', ms: expect.any(Number), function_request_id: 'request-1' },
    ])
    expect(metrics).toMatchObject([
      { step: 'contain', service: 'vector-rollback', Succeeded: 1, Duration: expect.any(Number) },
    ])
    expect(metrics[0]).not.toHaveProperty('Failed')
    for (const secret of [REASON, RUN.execution]) expect(output).not.toContain(secret)
  })

  test('logs no task token and counts a failure, whose name the state machine gets', async () => {
    const event = { run: RUN, input: { purpose: 'purge', subject: null, colour: 'red' }, token: TOKEN }
    const { answer, output, logged, metrics } = await invoke('ask-approval', event)
    expect(answer.errorType).toBe('Input.Invalid')
    expect(answer.errorMessage).toContain('"colour"')
    expect(logged).toMatchObject([{ level: 'ERROR', message: 'ask-approval', error: { name: 'Input.Invalid' } }])
    expect(metrics).toMatchObject([{ step: 'ask-approval', Failed: 1, Duration: expect.any(Number) }])
    expect(metrics[0]).not.toHaveProperty('Succeeded')
    expect(output).not.toContain(TOKEN)
    expect(answer.errorMessage).not.toContain(TOKEN)
  })

  test('logs nothing of the rows that the database quotes in an error', async () => {
    const { answer, output, logged } = await invoke('violated', {}, 60_000, '#test/functions/violated-constraint.ts')
    expect(answer).toMatchObject({
      errorType: 'Postgres.UniqueViolation',
      errorMessage: expect.stringContaining('_pkey'),
    })
    expect(logged).toMatchObject([{ level: 'ERROR', error: { name: 'Postgres.UniqueViolation' } }])
    expect(output).not.toContain('4711')
  })

  test('that was started by hand with one key too many says which, and what to give it', async () => {
    const { answer } = await invoke('contain', contain({ paht: 'flag' }))
    expect(answer.errorType).toBe('Input.Invalid')
    expect(answer.errorMessage).toMatch(/Step "contain" .*"paht".*\{"plan": "…", "path": "…", "reason": "…"\}/s)
  })

  test('that was started for a plan that does not exist says which one is meant', async () => {
    const { answer, metrics } = await invoke('contain', contain({ plan: 'pgvector-serach' }))
    expect(answer).toEqual({
      errorType: 'Plan.Unknown',
      errorMessage: 'There is no plan "pgvector-serach". Did you mean "pgvector-search"?',
    })
    expect(metrics).toMatchObject([{ Failed: 1 }])
  })

  test.each([
    '../plans/pgvector-search',
    '..',
    'pgvector-search/',
    '/etc',
    '',
  ])('finds no plan outside of the folder of plans: "%s"', async (plan) => {
    expect((await invoke('contain', contain({ plan }))).answer.errorType).toMatch(/^(Plan\.Unknown|Input\.Invalid)$/)
  })

  test('that runs out of time says so itself, by the name that Lambda gives, and is counted', async () => {
    onTestFinished(endpoints.faults.add({ service: 'ssm', operation: 'GetParameter', fault: { blackHole: true } }))
    onTestFinished(endpoints.faults.add({ service: 'ssm', operation: 'PutParameter', fault: { blackHole: true } }))
    const { answer, logged, metrics } = await invoke('contain', contain({}), 2_500)
    expect(answer).toEqual({
      errorType: 'Sandbox.Timedout',
      errorMessage: expect.stringContaining('"contain" gave up'),
    })
    expect(logged).toMatchObject([{ level: 'ERROR', message: 'contain' }])
    expect(metrics).toMatchObject([{ Failed: 1 }])
  })

  test('that lacks a setting names it', async () => {
    const { answer } = await invoke('open-incident', {
      request: { plan: 'pgvector-search', path: 'flag', reason: REASON },
      contained: null,
      execution: { id: RUN.execution, name: RUN.incident, startedAt: '2026-11-21T03:00:00Z' },
    })
    expect(answer).toMatchObject({ errorType: 'Setting.Missing', errorMessage: expect.stringContaining('"BUCKET"') })
  })
})
