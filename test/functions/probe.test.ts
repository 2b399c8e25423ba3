import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { Round } from '#core/probe/round.ts'
import { planFolder } from '#test/core/plan/folder.ts'
import { filesWithSignals, type ProbeSignal } from '#test/core/probe/plans.ts'
import { createDatabase, describePostgres, type TestDatabase } from '#test/support/database.ts'
import { EmfDocument } from './aws/emf-schema.ts'

/** One process, as a Lambda is one. */
const SCRIPT = `
  const { handler } = await import('#functions/probe.ts')
  const context = {
    functionName: 'probe', functionVersion: '1', invokedFunctionArn: 'arn', memoryLimitInMB: '512', awsRequestId: '1',
    logGroupName: '-', logStreamName: '-', getRemainingTimeInMillis: () => 50_000,
  }
  const answer = await handler(JSON.parse(process.argv[1]), context).then(
    (result) => ({ result }),
    (error) => ({ error: error.name }),
  )
  process.send(answer, () => process.exit(0))`

/** Nobody listens on port 1 of loopback. */
const NOBODY = 'postgresql://nobody@127.0.0.1:1/nothing'

describePostgres('the scheduled function of the probes', () => {
  let db: TestDatabase
  beforeAll(async () => {
    db = await createDatabase()
  })
  afterAll(() => db?.drop())

  const invoke = async (signals: Readonly<Record<string, ProbeSignal>>, event: unknown = {}, url = db.url) => {
    const directory = await planFolder(filesWithSignals(signals))
    const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT, JSON.stringify(event)], {
      stdio: ['ignore', 'pipe', 'ignore', 'ipc'],
      env: { PATH: process.env.PATH, ENVIRONMENT: 'test', DATABASE_URL: url, PLANS_DIRECTORY: dirname(directory) },
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    if (!child.stdout) throw new Error('the output of the process is piped')
    const [[answer], output] = await Promise.all([once(child, 'message'), text(child.stdout)])
    const lines = output
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
    const documents = lines.filter((line) => '_aws' in line).map((line) => EmfDocument.parse(line))
    return {
      answer: answer as { result?: Round[]; error?: string },
      // Beside it stands that of the function itself: calls and failures.
      published: documents.filter(({ Plan }) => Plan !== undefined),
    }
  }

  test('publishes what every probe measured and gives it back', async () => {
    const { answer, published } = await invoke({
      queue: { sql: 'select 7', unit: 'jobs' },
      broken: { sql: 'select 1 / 0' },
      connection: { connect: true },
    })
    expect(answer.result).toMatchObject([
      { plan: 'small', connectFailed: false, error: null, results: [{ signal: 'slow' }, {}, {}, {}] },
    ])
    expect(published).toHaveLength(1)
    expect(published[0]).toMatchObject({
      _aws: { CloudWatchMetrics: [{ Namespace: 'VectorRollback', Dimensions: [['Environment', 'Plan']] }] },
      ...{ Environment: 'test', Plan: 'small', connect_failed: 0, slow: 0, queue: 7 },
      probe_duration: [expect.any(Number), expect.any(Number), expect.any(Number)],
      not_measured: { broken: 'Postgres.DataException' },
    })
    // Missing, and not zero: its alarm tells the two apart. The connection has one metric, whatever the plan calls it.
    for (const name of ['broken', 'connection']) expect(published[0]).not.toHaveProperty(name)
  })

  test('that cannot connect publishes that, and ends well: it has found something', async () => {
    const { answer, published } = await invoke({ connection: { connect: true } }, {}, NOBODY)
    expect(answer.result).toMatchObject([{ connectFailed: true, error: { name: 'Postgres.Unreachable' } }])
    expect(published).toMatchObject([{ Plan: 'small', connect_failed: 1 }])
    for (const name of ['slow', 'probe_duration']) expect(published[0]).not.toHaveProperty(name)
  })

  test('does the probes of one plan when it is named, and refuses what it does not know', async () => {
    expect((await invoke({}, { plan: 'small' })).answer.result).toMatchObject([{ plan: 'small' }])
    expect((await invoke({}, { plan: 'smal' })).answer).toEqual({ error: 'Plan.Unknown' })
    expect((await invoke({}, { paln: 'small' })).answer).toEqual({ error: 'Input.Invalid' })
  })
})
