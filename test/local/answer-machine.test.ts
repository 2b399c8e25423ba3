import { SFN } from '@aws-sdk/client-sfn'
import { describe, expect, test, vi } from 'vitest'
import { readRequest } from '#core/approval/approval.ts'
import { lastHumanQuestion } from '#core/approval/decide-problem.ts'
import { readEvents } from '#core/incident/incident.ts'
import { keys } from '#core/incident/keys.ts'
import { readJson } from '#core/json.ts'
import type { FlagPath, IncidentId } from '#core/names.ts'
import { fixtureOf } from '#core/plan/fixture.ts'
import { embedded } from '#local/embedded.ts'
import { BEN, SAM, STRANGER, useAnswers } from '#test/local/answer-world.ts'
import { playApplication } from '#test/support/application.ts'
import { FLAG, PLAN, PLAN_FOLDER } from '#test/support/paths.ts'

// Read when the first function is loaded: elsewhere the functions are silent in tests.
vi.hoisted(() => {
  process.env.POWERTOOLS_LOG_LEVEL = 'DEBUG'
})

const { given, say, waitsIn } = useAnswers(async () => {
  const database = await embedded()
  const fixture = await fixtureOf(PLAN_FOLDER)
  await database.session({ applicationName: 'fixture', statementTimeout: 0 }, (session) =>
    fixture.load(session, { rows: 20 }),
  )
  return {
    database: { embedded: database },
    ready: async (stack) => {
      stack.endsWith(() => database.close())
      await playApplication(stack, database)
      await stack.flags.write(FLAG as FlagPath, 'true')
    },
  }
})
let runs = 0
describe('the state machine', () => {
  /** Waits in *Ask to go on*, contained: a signal for which the plan asks the team lead first. */
  const start = async () => {
    const incident = `answered-${++runs}` as IncidentId
    // Each run is of another day: none is held back by what an earlier one has just done.
    given().clock.travel(24 * 3_600_000)
    const at = given().clock.now().toISOString()
    const signal = { name: 'query-timeout', severity: 'critical', alarm: 'an-alarm', at, reason: 'slow' }
    const { arn } = await given().executions.start(incident, { plan: PLAN, path: 'partial', reason: 'a test', signal })
    await waitsIn(arn)
    const request = await readRequest(given().objects, incident, 'proceed')
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
    expect((await given().waitFor(arn)).status).toBe('SUCCEEDED')
  })

  test('does not go on with the token of the question alone: what counts is signed in the record', async () => {
    const { arn, incident, request } = await start()
    const needsHuman = waitsIn(arn)
    await new SFN().sendTaskSuccess({ taskToken: request.token, output: JSON.stringify({ approved: true }) })
    await needsHuman
    const events = await readEvents(given().objects, incident)
    expect(events.find(({ error }) => error)).toMatchObject({ kind: 'safe-point', error: { name: 'Approval.Missing' } })
    expect(events.map(({ kind }) => kind)).not.toContain('drop-indexes')
    const asked = await lastHumanQuestion(given().objects, incident)
    const decision = { incident, question: asked?.at, decide: 'close', role: 'team-lead', reason: 'nobody said yes' }
    expect(await say(BEN, decision)).toMatchObject({ status: 200 })
    await given().waitFor(arn)
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
      const asked = await lastHumanQuestion(given().objects, incident)
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
      expect((await given().waitFor(arn)).status).toBe('SUCCEEDED')
      expect(await say(BEN, decision)).toMatchObject({ status: 200 })
      expect(await say(SAM, { ...decision, decide: 'retry' })).toMatchObject({
        status: 409,
        body: { error: 'Decision.Made' },
      })
      const record = await readJson(given().objects, `${keys.decided(incident)}${asked?.at}.json`)
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
