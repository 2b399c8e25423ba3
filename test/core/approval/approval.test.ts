import { beforeAll, describe, expect, test } from 'vitest'
import { s3Objects } from '#aws/objects.ts'
import {
  type ApprovalRequest,
  askForApproval,
  type Question,
  readAnswers,
  readRequest,
  recordAnswer,
  requireApproval,
} from '#core/approval/approval.ts'
import type { Run } from '#core/incident/run.ts'
import { writeJson } from '#core/json.ts'
import type { IncidentId, PlanName, Sha256 } from '#core/names.ts'
import { createBucket, useEndpoints } from '#test/support/endpoints.ts'

const BUCKET = 'approvals'
const current = useEndpoints()
beforeAll(() => createBucket(current().endpoints.url, BUCKET))

const objects = s3Objects(BUCKET)
const NOW = new Date('2026-11-21T03:00:00.000Z')
const EXPIRES = new Date('2026-11-22T03:00:00.000Z')
const ports = { objects, clock: { now: () => NOW, sleep: async () => {} }, environment: 'prod' }
const purge: Question = { purpose: 'purge', subject: { tables: ['embeddings'], rows: 42 }, roles: ['dba', 'lead'] }

let runs = 0
const newRun = (): Run => ({
  plan: 'search' as PlanName,
  planDigest: 'a'.repeat(64) as Sha256,
  incident: `incident-${++runs}` as IncidentId,
  execution: 'arn:aws:states:us-east-1:123456789012:execution:rollback:incident',
  epoch: 1,
  path: 'full',
  drill: false,
})
const ask = (run: Run, question = purge) =>
  askForApproval(run, question, { token: 'secret', expiresAt: EXPIRES }, ports)
const say = (
  request: ApprovalRequest,
  role: string,
  name: string,
  decision: 'approved' | 'denied' = 'approved',
  at = NOW,
) => recordAnswer(objects, request, { role, name, decision, at })
const approved = async (run: Run): Promise<void> => {
  const request = await ask(run)
  await say(request, 'dba', 'Ann')
  await say(request, 'lead', 'Ben')
}

describe('a question', () => {
  test('stands beside its incident, with what it is about, whom it asks and until when', async () => {
    const run = newRun()
    const request = await ask(run)
    expect(await readRequest(objects, run.incident, 'purge')).toEqual(request)
    expect(request).toMatchObject({
      plan: 'search',
      purpose: 'purge',
      roles: ['dba', 'lead'],
      people: 2,
      expiresAt: '2026-11-22T03:00:00.000Z',
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    expect(await readRequest(objects, run.incident, 're-enable')).toBeNull()
  })

  test('about a purge asks two people although the plan names one role, and one about anything else', async () => {
    const run = newRun()
    expect((await ask(run, { ...purge, roles: ['dba'] })).people).toBe(2)
    expect((await ask(run, { purpose: 're-enable', subject: null, roles: ['lead'] })).people).toBe(1)
  })

  test('that asks nobody is never approved', async () => {
    await expect(
      requireApproval(newRun(), { purpose: 'proceed', subject: null, roles: [] }, ports),
    ).rejects.toMatchObject({
      name: 'Approval.Missing',
    })
  })
})

describe('an answer', () => {
  test('in a role that is not asked is refused, and not recorded', async () => {
    const run = newRun()
    await expect(say(await ask(run), 'intern', 'Cat')).rejects.toMatchObject({
      name: 'Approval.WrongRole',
      category: 'usage',
      message: expect.stringContaining('"intern"'),
      fix: expect.stringContaining('dba, lead'),
    })
    expect(await readAnswers(objects, run.incident, 'purge')).toEqual([])
  })

  test.each(['', '  ', '\t'])('of nobody ("%s") is refused', async (name) => {
    await expect(say(await ask(newRun()), 'dba', name)).rejects.toMatchObject({ name: 'Approval.NoName' })
  })

  test('after the question has closed is refused, and counts for nothing', async () => {
    const run = newRun()
    const request = await ask(run)
    await say(request, 'dba', 'Ann', 'approved', EXPIRES)
    const late = new Date(EXPIRES.getTime() + 1)
    await expect(say(request, 'lead', 'Ben', 'approved', late)).rejects.toMatchObject({
      name: 'Approval.TooLate',
      category: 'refused',
    })
    await expect(requireApproval(run, purge, ports)).rejects.toMatchObject({ name: 'Approval.Missing' })
  })

  test('given twice is one answer', async () => {
    const run = newRun()
    const request = await ask(run)
    await say(request, 'dba', 'Ann')
    await say(request, 'dba', 'Ann', 'approved', new Date(NOW.getTime() + 1000))
    expect(await readAnswers(objects, run.incident, 'purge')).toMatchObject([{ name: 'Ann', at: NOW.toISOString() }])
  })
})

describe('the step that destroys', () => {
  test('goes on when a person of each role approved exactly this', async () => {
    const run = newRun()
    await approved(run)
    await expect(requireApproval(run, purge, ports)).resolves.toBeUndefined()
  })

  test('does not go on while somebody is missing', async () => {
    const run = newRun()
    await say(await ask(run), 'dba', 'Ann')
    await expect(requireApproval(run, purge, ports)).rejects.toMatchObject({
      name: 'Approval.Missing',
      category: 'refused',
      message: expect.stringMatching(/needs 2 people in the roles dba, lead; the record has 1/),
    })
  })

  test('does not go on when one person approved in both roles', async () => {
    const run = newRun()
    const request = await ask(run)
    await say(request, 'dba', 'Ann')
    await say(request, 'lead', 'ann ')
    await expect(requireApproval(run, purge, ports)).rejects.toMatchObject({ name: 'Approval.Missing' })
  })

  test('says who denied it', async () => {
    const run = newRun()
    await approved(run)
    await say(await ask(run), 'lead', 'Cat', 'denied')
    await expect(requireApproval(run, purge, ports)).rejects.toMatchObject({
      name: 'Approval.Denied',
      category: 'refused',
      message: expect.stringContaining('"Cat" (lead)'),
    })
  })

  const changes: [string, (run: Run) => [Run, Question, string]][] = [
    ['the rows', (run) => [run, { ...purge, subject: { tables: ['embeddings'], rows: 43 } }, 'prod']],
    ['the tables', (run) => [run, { ...purge, subject: { tables: ['embeddings', 'chunks'], rows: 42 } }, 'prod']],
    ['the plan', (run) => [{ ...run, planDigest: 'b'.repeat(64) as Sha256 }, purge, 'prod']],
    ['the environment', (run) => [run, purge, 'staging']],
  ]
  test.each(changes)('finds the approvals void when %s changed since', async (_, change) => {
    const run = newRun()
    await approved(run)
    const [changed, question, environment] = change(run)
    await expect(requireApproval(changed, question, { objects, environment })).rejects.toMatchObject({
      name: 'Approval.Void',
      category: 'refused',
    })
  })

  test('takes no approval of another question, nor of another incident', async () => {
    const run = newRun()
    const question: Question = { purpose: 're-enable', subject: null, roles: ['dba', 'lead'] }
    const request = await ask(run, question)
    await say(request, 'dba', 'Ann')
    await say(request, 'lead', 'Ben')
    await expect(requireApproval(run, question, ports)).resolves.toBeUndefined()
    await expect(requireApproval(run, purge, ports)).rejects.toMatchObject({ name: 'Approval.Missing' })
    await expect(requireApproval(newRun(), question, ports)).rejects.toMatchObject({ name: 'Approval.Missing' })
  })

  test('does not count who wrote himself a role that the plan does not ask', async () => {
    const run = newRun()
    const request = await ask(run)
    await say(request, 'dba', 'Ann')
    const forged = {
      purpose: 'purge',
      role: 'intern',
      name: 'Cat',
      decision: 'approved',
      digest: request.digest,
      at: NOW,
    }
    await writeJson(objects, `incidents/${run.incident}/approvals/purge/answers/forged.json`, forged)
    await expect(requireApproval(run, purge, ports)).rejects.toMatchObject({ name: 'Approval.Missing' })
  })

  test('asks the plan whom it takes, not the record of the question', async () => {
    const run = newRun()
    const request = await ask(run, { ...purge, roles: ['dba'] })
    await say(request, 'dba', 'Ann')
    await say(request, 'dba', 'Ben')
    await expect(requireApproval(run, { ...purge, roles: ['dba'] }, ports)).resolves.toBeUndefined()
    await expect(requireApproval(run, purge, ports)).rejects.toMatchObject({ name: 'Approval.Missing' })
  })
})
