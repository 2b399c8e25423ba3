import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { LambdaError } from '#local/asl/interpret.ts'
import { type Call, run } from './harness.ts'

test("the project's own machine rolls back by its flag path", async () => {
  const text = readFileSync(new URL('../../../statemachines/rollback.asl.json', import.meta.url), 'utf8')
  const called: string[] = []
  const answers: Record<string, unknown> = {
    ContainFunction: { flags: [] },
    OpenIncidentFunction: {
      run: { plan: 'p', path: 'flag', drill: false },
      held: null,
      steps: [],
      settings: {
        askFirst: false,
        delivers: false,
        escalate: false,
        reEnable: false,
        purgeNow: false,
        watch: true,
        approvalSeconds: 60,
        concurrency: 2,
        fullSteps: [],
        afterwards: [],
      },
    },
    SafePointFunction: { escalate: false },
    VerifyFunction: { verification: { status: 'pass', detail: '' } },
    WatchFunction: { watching: { verdict: 'recovered', detail: '', waitSeconds: 0 } },
    ReportFunction: { outcome: 'rolled-back' },
  }
  const names = new Set([...text.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name ?? ''))
  const functions = Object.fromEntries(
    [...names].map((name) => [
      name,
      () => {
        called.push(name)
        return answers[name] ?? {}
      },
    ]),
  )
  const { result, events } = await run(text.replace(/\$\{(\w+)\}/g, '$1'), {
    functions,
    input: { plan: 'p', path: 'flag', reason: 'drill' },
  })
  expect(result.status).toBe('SUCCEEDED')
  expect(called.toSorted()).toEqual(
    [
      'ContainFunction',
      'NotifyFunction',
      'NotifyFunction',
      'OpenIncidentFunction',
      'PreserveEvidenceFunction',
      'ProveDeliveryFunction',
      'ProveDeliveryOutsideFunction',
      'ReportFunction',
      'SafePointFunction',
      'VerifyFunction',
      'VerifyOutsideFunction',
      'VerifyOutsideFunction',
      'WatchFunction',
    ].toSorted(),
  )
  expect(events.at(-2)?.stateExitedEventDetails?.name).toBe('Rolled back')
})

test('a person who chooses another path does not take the snapshot along; one who retries does', async () => {
  const text = readFileSync(new URL('../../../statemachines/rollback.asl.json', import.meta.url), 'utf8')
  const answers = [{ decision: 'retry' }, { decision: 'path', path: 'full' }, { decision: 'close' }]
  const requests: unknown[] = []
  const { result } = await run(text.replace(/\$\{(\w+)\}/g, '$1'), {
    functions: {
      ContainFunction: (payload: { request: unknown }) => {
        requests.push(payload.request)
        return { flags: [] }
      },
      OpenIncidentFunction: () => {
        throw new LambdaError('Request.RestoreOnly', 'refused')
      },
      NeedsHumanFunction: ({ token }: { token: string }, { tokens }: Call) => {
        tokens.succeed(token, JSON.stringify(answers.shift()))
      },
    },
    input: { plan: 'p', path: 'restore', reason: 'a test', snapshot: 's-1', 'accept-drift': true },
  })
  expect(result.status).toBe('SUCCEEDED')
  const asked = { plan: 'p', path: 'restore', reason: 'a test', snapshot: 's-1', 'accept-drift': true }
  expect(requests).toEqual([asked, asked, { plan: 'p', path: 'full', reason: 'a test' }])
})

test('an approval that nobody gives ends contained: a person is called, and then everybody is told that nobody came', async () => {
  const text = readFileSync(new URL('../../../statemachines/rollback.asl.json', import.meta.url), 'utf8')
  const told: unknown[] = []
  const tell = (payload: { input: unknown }) => {
    told.push(payload.input)
    return {}
  }
  // Nothing else may be called: the test has no function for it.
  const { result, events, seconds } = await run(text.replace(/\$\{(\w+)\}/g, '$1'), {
    functions: {
      ContainFunction: () => ({ flags: [] }),
      OpenIncidentFunction: () => ({
        run: { plan: 'p', path: 'full', drill: false },
        joined: null,
        held: null,
        steps: [],
        settings: { delivers: false, askFirst: true, approvalSeconds: 3600, reEnable: false, purgeNow: false },
      }),
      PreserveEvidenceFunction: () => ({}),
      SafePointFunction: () => ({
        escalate: false,
        run: { plan: 'p', path: 'full', drill: false },
        steps: [],
        settings: null,
      }),
      NotifyFunction: tell,
      AskApprovalFunction: () => ({}),
      NeedsHumanFunction: tell,
    },
    input: { plan: 'p', path: 'full', reason: 'an alarm' },
  })
  expect(result).toMatchObject({ status: 'FAILED', error: 'Human.NoAnswer' })
  expect(told).toMatchObject([
    { event: 'started' },
    // Asked of the proof of delivery, which is nothing here.
    { event: 'not-followed' },
    { problem: { state: 'Ask to go on', error: 'States.Timeout' } },
    { event: 'no-answer' },
  ])
  expect(seconds).toBe(3600 + 86_400)
  expect(events.flatMap(({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name ?? []).at(-1)).toBe(
    'Nobody answered',
  )
})

test('a run that joins another one contains once more after that is recorded, and then has nothing to do', async () => {
  const text = readFileSync(new URL('../../../statemachines/rollback.asl.json', import.meta.url), 'utf8')
  const called: string[] = []
  const { result, events } = await run(text.replace(/\$\{(\w+)\}/g, '$1'), {
    functions: {
      ContainFunction: () => {
        called.push('contain')
        return { flags: [] }
      },
      OpenIncidentFunction: () => {
        called.push('join')
        return { run: null, joined: 'another', held: 'running', steps: [], settings: null }
      },
    },
    input: { plan: 'p', path: 'flag', reason: 'a test' },
  })
  expect(result.status).toBe('SUCCEEDED')
  expect(called).toEqual(['contain', 'join', 'contain'])
  expect(events.at(-2)?.stateExitedEventDetails?.name).toBe('Nothing to do')
})

test('what is only proposed contains nothing when it joins a run; what contains by itself contains once more', async () => {
  const text = readFileSync(new URL('../../../statemachines/rollback.asl.json', import.meta.url), 'utf8')
  const containments = async (autonomy: string): Promise<number> => {
    let contained = 0
    const { result } = await run(text.replace(/\$\{(\w+)\}/g, '$1'), {
      functions: {
        ContainFunction: () => {
          contained++
          return { flags: [] }
        },
        OpenIncidentFunction: () => ({ run: null, joined: 'other', held: 'running', steps: [], settings: null }),
      },
      input: { plan: 'p', path: 'full', reason: 'an alarm', signal: { name: 's' }, decided: { autonomy } },
    })
    expect(result.status).toBe('SUCCEEDED')
    return contained
  }
  expect(await containments('propose')).toBe(0)
  expect(await containments('contain')).toBe(2)
})

/** The functions that a full rollback called, in order, for a plan whose only step before is `set-flag`; `afterwards` follow the snapshot. */
const fullRollback = async (afterwards: readonly { kind: string; input: unknown }[]) => {
  const text = readFileSync(new URL('../../../statemachines/rollback.asl.json', import.meta.url), 'utf8')
  const called: string[] = []
  const answers: Record<string, unknown> = {
    ContainFunction: { flags: [] },
    OpenIncidentFunction: {
      run: { plan: 'p', path: 'full', incident: 'p-1', drill: false },
      held: null,
      steps: [{ kind: 'set-flag', input: {} }],
      settings: {
        ...{ askFirst: false, delivers: false, escalate: false, reEnable: false, purgeNow: false, watch: false },
        ...{ approvalSeconds: 60, concurrency: 2, fullSteps: [], afterwards },
      },
    },
    SafePointFunction: { escalate: false },
    SetFlagFunction: { waitSeconds: 0 },
    RunSqlFunction: { waitSeconds: 0 },
    RetireFunction: { retirement: 'r' },
    ListPartsFunction: { snapshot: { id: 's', parts: 'parts.json', retirement: 'r' } },
    SnapshotPartFunction: { changed: true },
    VerifySnapshotFunction: { verifying: { parts: 'parts.json' } },
    VerifyPartFunction: { changed: false },
    VerifyFunction: { verification: { status: 'pass', detail: '' } },
    WatchFunction: { watching: { verdict: 'recovered', detail: '', waitSeconds: 0 } },
    ReportFunction: { outcome: 'rolled-back' },
  }
  const names = new Set([...text.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name ?? ''))
  const functions = Object.fromEntries(
    [...names].map((name) => [
      name,
      () => {
        called.push(name)
        return answers[name] ?? {}
      },
    ]),
  )
  const { result } = await run(text.replace(/\$\{(\w+)\}/g, '$1'), {
    functions,
    objects: { 'Bucket/parts.json': [{ part: 1 }] },
    input: { plan: 'p', path: 'full', reason: 'drill' },
  })
  const order = ['SetFlagFunction', 'RetireFunction', 'VerifyPartFunction', 'RunSqlFunction', 'VerifyFunction']
  return { status: result.status, called: called.filter((name) => order.includes(name)) }
}

test('steps that follow the snapshot run once it is verified, and before the checks', async () => {
  expect(await fullRollback([{ kind: 'run-sql', input: {} }])).toEqual({
    status: 'SUCCEEDED',
    called: ['SetFlagFunction', 'RetireFunction', 'VerifyPartFunction', 'RunSqlFunction', 'VerifyFunction'],
  })
})

test('a full rollback without such steps goes from the snapshot to the checks', async () => {
  expect(await fullRollback([])).toEqual({
    status: 'SUCCEEDED',
    called: ['SetFlagFunction', 'RetireFunction', 'VerifyPartFunction', 'VerifyFunction'],
  })
})
