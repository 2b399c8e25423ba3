import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { askForApproval, type Purpose, type Question, readAnswers, readRequest } from '#core/approval/approval.ts'
import { lastHumanQuestion } from '#core/approval/decide-problem.ts'
import { keys } from '#core/incident/keys.ts'
import type { Run } from '#core/incident/run.ts'
import { readAllJson, readJson, writeJson } from '#core/json.ts'
import type { FlagPath, IncidentId, PlanName, Sha256 } from '#core/names.ts'
import { fixtureOf } from '#core/plan/fixture.ts'
import { loadPlan } from '#core/plan/load.ts'
import { onePersonOfEach } from '#core/plan/vocabulary.ts'
import { embedded } from '#local/embedded.ts'
import { urlEvent } from '#local/people.ts'
import { type Stack, startStack } from '#local/stack.ts'
import { startStandIn } from '#local/stand-in.ts'
import { setEnvironment } from '#test/support/endpoints.ts'
import { FLAG, PLAN, PLAN_FOLDER } from '#test/support/paths.ts'

// Read when the first function is loaded: elsewhere the functions are silent in tests.
vi.hoisted(() => {
  process.env.POWERTOOLS_LOG_LEVEL = 'DEBUG'
})

const sso = (set: string, user: string) =>
  `arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_${set}_0123456789abcdef/${user}`
const ANN = sso('Dba', 'ann@example.com')
const BEN = sso('Lead', 'ben@example.com')
const SAM = sso('Lead', 'sam@example.com')
/** The same person with another permission set. */
const ANN_AS_LEAD = sso('Lead', 'ann@example.com')
const STRANGER = sso('Intern', 'ida@example.com')
const ROBOT = (session: string) => `arn:aws:sts::111122223333:assumed-role/release/${session}`

const APPROVERS = JSON.stringify({
  'team-lead': [sso('Lead', '*'), 'arn:aws:iam::111122223333:role/release'],
  dba: [sso('Dba', '*')],
})

let database: Awaited<ReturnType<typeof embedded>>
let stack: Stack
let restore = () => {}
/** Resolves when the state machine waits for an answer in that state. */
const waiting = new Map<string, () => void>()
const waitsIn = (arn: string) => new Promise<void>((resolve) => waiting.set(arn, resolve))

beforeAll(async () => {
  database = await embedded()
  const fixture = await fixtureOf(PLAN_FOLDER)
  await database.session({ applicationName: 'fixture', statementTimeout: 0 }, (session) =>
    fixture.load(session, { rows: 20 }),
  )
  stack = await startStack({
    environment: 'test',
    database: { embedded: database },
    approvers: 'by-url',
    onEvent: ({ type }, arn) => {
      if (type === 'TaskSubmitted') waiting.get(arn)?.()
    },
  })
  const app = await startStandIn(await loadPlan(PLAN_FOLDER), { stack, database, environment: 'test' })
  stack.endsWith(() => app.close())
  restore = setEnvironment({ APPROVERS })
  await stack.flags.write(FLAG as FlagPath, 'true')
})
afterAll(async () => {
  restore()
  await stack?.close()
  await database?.close()
})

interface Said {
  readonly status: number
  readonly body: Record<string, unknown>
}

const call = async (event: object): Promise<Said> => {
  const { statusCode, body } = (await stack.invoke('answer', event)) as { statusCode: number; body: string }
  return { status: statusCode, body: JSON.parse(body) }
}
const say = (userArn: string, body: object): Promise<Said> => call(urlEvent(userArn, body))

beforeEach(() => {
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const)
    vi.spyOn(console, method).mockImplementation(() => {})
})

let runs = 0
const PURGE: Question = { purpose: 'purge', subject: { rows: 42 }, approve: onePersonOfEach(['dba', 'team-lead']) }

/** A question as the state machine has it asked, of a run that waits on no token. */
const asked = async (
  more: { question?: Question; startedBy?: Run['startedBy']; expires?: number; environment?: string } = {},
) => {
  const { question = PURGE, startedBy = { kind: 'alarm', identity: null }, expires = 3_600_000 } = more
  const incident = `asked-${++runs}` as IncidentId
  const environment = more.environment ?? 'test'
  const execution = `arn:aws:states:us-east-1:000000000000:execution:vector-rollback-local:${incident}`
  const run: Run = {
    plan: PLAN as PlanName,
    planDigest: 'a'.repeat(64) as Sha256,
    incident,
    execution,
    epoch: 1,
    path: 'purge',
    drill: false,
    startedBy,
  }
  const { plan, planDigest, epoch, path, drill } = run
  const at = stack.clock.now().toISOString()
  const how = { reason: 'a test', signal: null, contained: null, tookOver: null, startedAt: at, openedAt: at }
  await writeJson(stack.objects, keys.incident(incident), {
    ...{ incident, plan, planDigest, epoch, path, drill, environment, execution },
    ...how,
  })
  const ports = { objects: stack.objects, clock: stack.clock, environment }
  const wait = { token: `token-of-${incident}`, expiresAt: new Date(stack.clock.now().getTime() + expires) }
  const request = await askForApproval(run, question, wait, ports)
  const answer = (role: string, change: object = {}) => ({
    incident,
    purpose: question.purpose,
    decision: 'approved',
    digest: request.digest,
    role,
    ...change,
  })
  const answers = () => readAnswers(stack.objects, incident, question.purpose)
  const refused = async () =>
    (await readAllJson(stack.objects, `${keys.approval(incident, question.purpose)}refused/`)).map(({ value }) => value)
  return { incident, request, answer, answers, refused }
}

describe('an answer', () => {
  test('is open until a person of each role has given one, and then complete', async () => {
    const { answer, answers } = await asked()
    expect(await say(ANN, answer('dba'))).toMatchObject({
      status: 202,
      body: { status: 'open', text: expect.stringContaining('1 of 2 people') },
    })
    expect(await say(BEN, answer('team-lead', { reason: 'looked at it' }))).toMatchObject({
      status: 200,
      body: { status: 'approved' },
    })
    expect(await answers()).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ role: 'dba', name: 'ann@example.com', identity: ANN }),
        expect.objectContaining({ role: 'team-lead', name: 'ben@example.com', identity: BEN, reason: 'looked at it' }),
      ]),
    )
  })

  test('of the same person again is no second one, with whatever permission set', async () => {
    const { answer, answers } = await asked()
    for (let again = 0; again < 3; again += 1) expect((await say(ANN, answer('dba'))).status).toBe(202)
    expect(await answers()).toHaveLength(1)
    expect((await say(ANN_AS_LEAD, answer('team-lead'))).body).toMatchObject({ status: 'open' })
  })

  test('of those who chose their own names is that of one role', async () => {
    const { answer, answers } = await asked({ question: { ...PURGE, approve: onePersonOfEach(['team-lead']) } })
    expect((await say(ROBOT('ann'), answer('team-lead'))).status).toBe(202)
    expect((await say(ROBOT('ben'), answer('team-lead'))).status).toBe(202)
    expect(await answers()).toMatchObject([{ name: 'arn:aws:iam::111122223333:role/release' }])
  })

  test('that denies ends the question', async () => {
    const { answer } = await asked()
    expect(await say(BEN, answer('team-lead', { decision: 'denied' }))).toMatchObject({
      status: 200,
      body: { status: 'denied' },
    })
    expect(await say(ANN, answer('dba'))).toMatchObject({ status: 409, body: { error: 'Approval.Answered' } })
  })

  test('of two people at once counts both', async () => {
    const { answer } = await asked()
    const said = await Promise.all([say(ANN, answer('dba')), say(BEN, answer('team-lead'))])
    expect(said.map(({ status }) => status)).toContain(200)
    expect((await say(ANN, answer('dba'))).body).toMatchObject({ status: 'approved' })
  })
})

describe('an answer is refused, and that is recorded,', () => {
  const refusal = async (
    status: number,
    error: string,
    prepared: Awaited<ReturnType<typeof asked>>,
    said: Promise<Said>,
  ) => {
    expect(await said).toMatchObject({ status, body: { error, text: expect.stringMatching(/\S/) } })
    expect(await prepared.refused()).toMatchObject([{ error, said: { incident: prepared.incident } }])
    expect(await prepared.answers()).toEqual([])
  }

  test('when it is to another digest than the one asked now, which is shown', async () => {
    const one = await asked()
    const said = say(ANN, one.answer('dba', { digest: 'b'.repeat(64) }))
    await refusal(409, 'Approval.Void', one, said)
    expect((await said).body.text).toContain(one.request.digest)
  })

  test('when it comes after the end of the question', async () => {
    const one = await asked({ expires: -1 })
    await refusal(410, 'Approval.TooLate', one, say(ANN, one.answer('dba')))
  })

  test('when the run has gone elsewhere meanwhile', async () => {
    const one = await asked()
    const key = `${keys.approval(one.incident, 'purge')}request.json`
    await writeJson(stack.objects, key, {
      ...one.request,
      superseded: { by: 'worse', at: stack.clock.now().toISOString() },
    })
    await refusal(409, 'Approval.Superseded', one, say(ANN, one.answer('dba')))
  })

  test.each([
    ['of a stranger', STRANGER, 'dba'],
    ['in a role that is not the own one', BEN, 'dba'],
    ['in a role that nobody has here', ANN, 'product-owner'],
    ['of the same user in another account', ANN.replace('111122223333', '444455556666'), 'dba'],
    ['of a role that only looks like one of Identity Center', ANN.replace('_0123456789abcdef', ''), 'dba'],
  ])('%s', async (_, who, role) => {
    const one = await asked()
    await refusal(403, 'Approval.WrongRole', one, say(who, one.answer(role)))
  })

  test('in a role that is the own one and not asked', async () => {
    const one = await asked({ question: { ...PURGE, approve: onePersonOfEach(['dba']) } })
    await refusal(403, 'Approval.WrongRole', one, say(BEN, one.answer('team-lead')))
  })

  test.each([SAM, 'sam@example.com', 'Sam@Example.com'])('of who started the run, recorded as %s', async (identity) => {
    const one = await asked({ startedBy: { kind: 'unknown', identity } })
    await refusal(403, 'Approval.SelfApproved', one, say(SAM, one.answer('team-lead')))
    expect((await say(SAM, one.answer('team-lead', { decision: 'denied' }))).status).toBe(200)
  })

  test('in an environment that is not that of the incident', async () => {
    const one = await asked({ environment: 'prod' })
    await refusal(403, 'Approval.OtherEnvironment', one, say(ANN, one.answer('dba')))
  })

  test('when it answers what is not asked', async () => {
    const one = await asked()
    const said = await say(ANN, one.answer('dba', { purpose: 're-enable' satisfies Purpose }))
    expect(said).toMatchObject({ status: 404, body: { error: 'Approval.NoQuestion' } })
    expect(await say(ANN, one.answer('dba', { incident: 'nothing-like-it' }))).toMatchObject({ status: 404 })
  })
})

describe('a call', () => {
  test('that is a GET approves nothing, whatever it carries', async () => {
    const { answer, answers } = await asked()
    for (const method of ['GET', 'HEAD', 'PUT'])
      expect(await call(urlEvent(ANN, answer('dba'), method))).toMatchObject({
        status: 405,
        body: { error: 'Answer.NotPosted' },
      })
    expect(await answers()).toEqual([])
  })

  test('is by whom AWS says, not by whom the body says', async () => {
    const { answer, answers } = await asked()
    for (const lie of [{ name: 'ben@example.com' }, { identity: BEN }, { userArn: BEN }])
      expect(await say(ANN, answer('dba', lie))).toMatchObject({ status: 400, body: { error: 'Answer.Invalid' } })
    const event = urlEvent(ANN, answer('dba')) as { requestContext: { authorizer?: unknown } }
    const { authorizer: _, ...anonymous } = event.requestContext
    expect(await call({ ...event, requestContext: anonymous })).toMatchObject({
      status: 403,
      body: { error: 'Approval.NotAuthenticated' },
    })
    for (const nobody of ['arn:aws:iam::111122223333:root', 'arn:aws:sts::111122223333:federated-user/ann'])
      expect(await say(nobody, answer('dba'))).toMatchObject({
        status: 403,
        body: { error: 'Approval.NotAuthenticated' },
      })
    expect(await answers()).toEqual([])
  })

  test.each(['', 'yes', '[]', '{"incident":"../leases"}'])('that says %j is told what to send', async (body) => {
    const event = { ...urlEvent(ANN, {}), body }
    expect(await call(event)).toMatchObject({ status: 400, body: { error: 'Answer.Invalid' } })
  })

  test('is read in base64, too', async () => {
    const { answer } = await asked()
    const body = Buffer.from(JSON.stringify(answer('dba'))).toString('base64')
    expect((await call({ ...urlEvent(ANN, {}), body, isBase64Encoded: true })).status).toBe(202)
  })

  test('while the bucket does not answer says so, and may be made again', async () => {
    const { answer } = await asked()
    stack.faults.down('s3')
    try {
      expect(await say(ANN, answer('dba'))).toMatchObject({ status: 503, body: { error: 'Bucket.Unreachable' } })
    } finally {
      stack.faults.up('s3')
    }
    expect((await say(ANN, answer('dba'))).status).toBe(202)
  })
})

describe('the state machine', () => {
  /** Waits in *Ask to go on*, contained: a signal for which the plan asks the team lead first. */
  const start = async () => {
    const incident = `answered-${++runs}` as IncidentId
    // Each run is of another day: none is held back by what an earlier one has just done.
    stack.clock.travel(24 * 3_600_000)
    const at = stack.clock.now().toISOString()
    const signal = { name: 'query-timeout', severity: 'critical', alarm: 'an-alarm', at, reason: 'slow' }
    const { arn } = await stack.executions.start(incident, { plan: PLAN, path: 'partial', reason: 'a test', signal })
    await waitsIn(arn)
    const request = await readRequest(stack.objects, incident, 'proceed')
    if (!request) throw new Error('the machine asks first')
    const answer = { incident, purpose: 'proceed', decision: 'approved', digest: request.digest, role: 'team-lead' }
    return { incident, arn, request, answer }
  }

  test('goes on when the people have approved, and an answer after that changes nothing', async () => {
    const { arn, incident, answer } = await start()
    expect(await say(BEN, { look: 'open' })).toMatchObject({
      status: 200,
      body: { questions: [{ incident, purpose: 'proceed', status: 'open', people: 1 }], problems: [] },
    })
    expect(await say(BEN, answer)).toMatchObject({ status: 200, body: { status: 'approved' } })
    expect(await say(BEN, answer)).toMatchObject({ status: 200, body: { status: 'approved' } })
    expect(await say(SAM, answer)).toMatchObject({ status: 409, body: { error: 'Approval.Answered' } })
    expect((await stack.waitFor(arn)).status).toBe('SUCCEEDED')
  })

  test('denied, waits for a person; decides by the first answer, and no log line has a token', async () => {
    const lines: string[] = []
    const spies = (['log', 'info', 'warn', 'error', 'debug'] as const).map((method) =>
      vi.spyOn(console, method).mockImplementation((...said) => void lines.push(said.map(String).join(' '))),
    )
    const tokens: string[] = []
    try {
      const { arn, incident, answer, request } = await start()
      const needsHuman = waitsIn(arn)
      await say(STRANGER, answer)
      expect((await say(BEN, { ...answer, decision: 'denied' })).status).toBe(200)
      await needsHuman
      const asked = await lastHumanQuestion(stack.objects, incident)
      tokens.push(request.token, asked?.token ?? '')
      const open = await say(BEN, { look: 'open', incident })
      expect(open.body).toMatchObject({
        questions: [{ status: 'denied' }],
        problems: [{ incident, at: asked?.at, error: 'Approval.Denied' }],
      })
      for (const token of tokens) expect(JSON.stringify(open)).not.toContain(token)
      const decision = { incident, question: asked?.at, decide: 'close', role: 'team-lead', reason: 'seen' }
      expect(await say(STRANGER, decision)).toMatchObject({ status: 403, body: { error: 'Approval.WrongRole' } })
      expect(await say(BEN, { ...decision, question: 'earlier' })).toMatchObject({ body: { error: 'Decision.Void' } })
      expect(await say(BEN, decision)).toMatchObject({ status: 200 })
      expect((await stack.waitFor(arn)).status).toBe('SUCCEEDED')
      expect(await say(BEN, decision)).toMatchObject({ status: 200 })
      expect(await say(SAM, { ...decision, decide: 'retry' })).toMatchObject({
        status: 409,
        body: { error: 'Decision.Made' },
      })
      const record = await readJson(stack.objects, `${keys.decided(incident)}${asked?.at}.json`)
      expect(record?.value).toMatchObject({ decide: 'close', name: 'ben@example.com', identity: BEN, reason: 'seen' })
    } finally {
      for (const spy of spies) spy.mockRestore()
    }
    const logged = lines.join('')
    for (const name of ['answer', 'ask-approval', 'needs-human']) expect(logged).toContain(`"message": "${name}"`)
    for (const token of tokens) {
      expect(token.length).toBeGreaterThan(10)
      expect(logged).not.toContain(token)
    }
  })
})
