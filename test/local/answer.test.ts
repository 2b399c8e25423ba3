import { describe, expect, test } from 'vitest'
import { askForApproval, type Purpose, type Question, readAnswers } from '#core/approval/approval.ts'
import { keys } from '#core/incident/keys.ts'
import type { Run } from '#core/incident/run.ts'
import { readAllJson, writeJson } from '#core/json.ts'
import type { IncidentId, PlanName, Sha256 } from '#core/names.ts'
import { onePersonOfEach } from '#core/plan/vocabulary.ts'
import { urlEvent } from '#local/people.ts'
import { ANN, ANN_AS_LEAD, BEN, ROBOT, SAM, type Said, STRANGER, useAnswers } from '#test/local/answer-world.ts'
import { PLAN } from '#test/support/paths.ts'

/** Nobody listens on port 1 of loopback: whoever takes answers needs no database. */
const NOBODY = 'postgresql://nobody@127.0.0.1:1/nothing'
const { given, call, say } = useAnswers(async () => ({ database: { url: NOBODY } }))

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
  const at = given().clock.now().toISOString()
  const how = { reason: 'a test', signal: null, contained: null, tookOver: null, startedAt: at, openedAt: at }
  await writeJson(given().objects, keys.incident(incident), {
    ...{ incident, plan, planDigest, epoch, path, drill, environment, execution },
    ...how,
  })
  const ports = { objects: given().objects, clock: given().clock, environment }
  const wait = { token: `token-of-${incident}`, expiresAt: new Date(given().clock.now().getTime() + expires) }
  const request = await askForApproval(run, question, wait, ports)
  const answer = (role: string, change: object = {}) => ({
    incident,
    purpose: question.purpose,
    decision: 'approved',
    digest: request.digest,
    role,
    ...change,
  })
  const answers = () => readAnswers(given().objects, incident, question.purpose)
  const refused = async () =>
    (await readAllJson(given().objects, `${keys.approval(incident, question.purpose)}refused/`)).map(
      ({ value }) => value,
    )
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
    await writeJson(given().objects, key, {
      ...one.request,
      superseded: { by: 'worse', at: given().clock.now().toISOString() },
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
    given().faults.down('s3')
    try {
      expect(await say(ANN, answer('dba'))).toMatchObject({ status: 503, body: { error: 'Bucket.Unreachable' } })
    } finally {
      given().faults.up('s3')
    }
    expect((await say(ANN, answer('dba'))).status).toBe(202)
  })
})
