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
import { signed } from '#core/approval/signature.ts'
import type { Run } from '#core/incident/run.ts'
import { writeJson } from '#core/json.ts'
import type { IncidentId, PlanName, Sha256 } from '#core/names.ts'
import { onePersonOfEach } from '#core/plan/vocabulary.ts'
import { createBucket, useEndpoints } from '#test/support/endpoints.ts'
import { testSigner } from '#test/support/signer.ts'

const BUCKET = 'approvals'
const current = useEndpoints()
beforeAll(() => createBucket(current().endpoints.url, BUCKET))

const objects = s3Objects(BUCKET)
const NOW = new Date('2026-11-21T03:00:00.000Z')
const EXPIRES = new Date('2026-11-22T03:00:00.000Z')
const signer = testSigner()
const ports = {
  objects,
  signer,
  approvalKey: signer.key,
  clock: { now: () => NOW, sleep: async () => {} },
  environment: 'prod',
}
const purge: Question = {
  purpose: 'purge',
  subject: { tables: ['embeddings'], rows: 42 },
  approve: onePersonOfEach(['dba', 'lead']),
}

let runs = 0
const newRun = (): Run => ({
  plan: 'search' as PlanName,
  planDigest: 'a'.repeat(64) as Sha256,
  incident: `incident-${++runs}` as IncidentId,
  execution: 'arn:aws:states:us-east-1:123456789012:execution:rollback:incident',
  epoch: 1,
  path: 'full',
  drill: false,
  startedBy: { kind: 'person', identity: 'Sam' },
})
const ask = (run: Run, question = purge) =>
  askForApproval(run, question, { token: 'secret', expiresAt: EXPIRES }, ports)
const say = (
  request: ApprovalRequest,
  role: string,
  name: string,
  decision: 'approved' | 'denied' = 'approved',
  at = NOW,
) => recordAnswer(ports, request, { role, name, identity: `arn of ${name}`, decision, at })
let forgeries = 0
const forge = (run: Run, value: object) =>
  writeJson(objects, `incidents/${run.incident}/approvals/purge/answers/forged-${++forgeries}.json`, value)
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
    expect((await ask(run, { ...purge, approve: onePersonOfEach(['dba']) })).people).toBe(2)
    expect((await ask(run, { purpose: 're-enable', subject: null, approve: onePersonOfEach(['lead']) })).people).toBe(1)
  })

  test('that asks nobody is never approved', async () => {
    await expect(
      requireApproval(newRun(), { purpose: 'proceed', subject: null, approve: onePersonOfEach([]) }, ports),
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
    await expect(requireApproval(changed, question, { ...ports, environment })).rejects.toMatchObject({
      name: 'Approval.Void',
      category: 'refused',
    })
  })

  test('takes no approval of another question, nor of another incident', async () => {
    const run = newRun()
    const question: Question = { purpose: 're-enable', subject: null, approve: onePersonOfEach(['dba', 'lead']) }
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
    const said = {
      incident: run.incident,
      purpose: 'purge',
      role: 'intern',
      name: 'Cat',
      identity: 'arn of Cat',
    } as const
    const answer = { ...said, decision: 'approved', digest: request.digest, at: NOW.toISOString() } as const
    await forge(run, await signed(answer, signer))
    await expect(requireApproval(run, purge, ports)).rejects.toMatchObject({ name: 'Approval.Missing' })
  })

  test('counts no answer that the deployment has not signed, however it came into the bucket', async () => {
    const run = newRun()
    const request = await ask(run)
    const real = await say(request, 'dba', 'Ann')
    const refused = { name: 'Approval.Unsigned', category: 'refused', message: expect.stringMatching(/\d answers/) }
    // Made up, signed by another key, and a real one that says something else now.
    for (const forged of [
      { ...real, role: 'lead', name: 'Ben', signature: '' },
      { ...real, role: 'lead', name: 'Ben', signature: real.signature },
      await signed({ ...real, role: 'lead', name: 'Ben' }, testSigner()),
    ]) {
      await forge(run, forged)
      await expect(requireApproval(run, purge, ports)).rejects.toMatchObject(refused)
    }
    await say(request, 'lead', 'Ben')
    await expect(requireApproval(run, purge, ports)).resolves.toBeUndefined()
  })

  test('counts no answer that was given to another incident, although it asked the same', async () => {
    const [first, second] = [newRun(), newRun()]
    await approved(first)
    expect((await ask(second)).digest).toBe((await ask(first)).digest)
    for (const answer of await readAnswers(objects, first.incident, 'purge')) await forge(second, answer)
    await expect(requireApproval(second, purge, ports)).rejects.toMatchObject({ name: 'Approval.Unsigned' })
  })

  test('is not kept from a real approval by what somebody else puts beside it', async () => {
    const run = newRun()
    await approved(run)
    await forge(run, { decision: 'denied' })
    const [real] = await readAnswers(objects, run.incident, 'purge')
    await forge(run, { ...real, decision: 'denied' })
    await expect(requireApproval(run, purge, ports)).resolves.toBeUndefined()
  })

  test('does not count who started the run, nor does it believe the record about who did', async () => {
    const run: Run = { ...newRun(), startedBy: { kind: 'person', identity: 'Ann' } }
    await approved({ ...run, startedBy: { kind: 'person', identity: 'Sam' } })
    await expect(requireApproval(run, purge, ports)).rejects.toMatchObject({ name: 'Approval.Missing' })
    const request = await ask(run)
    await say(request, 'dba', 'Cat')
    await expect(requireApproval(run, purge, ports)).resolves.toBeUndefined()
  })

  test('wants two people whatever it does when nobody knows who started the run', async () => {
    const question: Question = { purpose: 're-enable', subject: null, approve: onePersonOfEach(['lead']) }
    for (const startedBy of [undefined, { kind: 'unknown', identity: null } as const]) {
      const { startedBy: _, ...run } = newRun()
      const unknown: Run = startedBy ? { ...run, startedBy } : run
      const request = await ask(unknown, question)
      expect(request.people).toBe(2)
      await say(request, 'lead', 'Ann')
      await expect(requireApproval(unknown, question, ports)).rejects.toMatchObject({ name: 'Approval.Missing' })
      await say(request, 'lead', 'Ben')
      await expect(requireApproval(unknown, question, ports)).resolves.toBeUndefined()
    }
  })

  test('takes two of one role where the plan asks any two, and not where it asks one of each', async () => {
    const anyTwo: Question = { ...purge, approve: { roles: ['dba', 'lead'], people: 2, from: 'any' } }
    const run = newRun()
    const request = await ask(run, anyTwo)
    await say(request, 'dba', 'Ann')
    await say(request, 'dba', 'Ben')
    await expect(requireApproval(run, anyTwo, ports)).resolves.toBeUndefined()
    await expect(requireApproval(run, purge, ports)).rejects.toMatchObject({ name: 'Approval.Missing' })
  })

  test('asks the plan whom it takes, not the record of the question', async () => {
    const run = newRun()
    const request = await ask(run, { ...purge, approve: onePersonOfEach(['dba']) })
    await say(request, 'dba', 'Ann')
    await say(request, 'dba', 'Ben')
    await expect(requireApproval(run, { ...purge, approve: onePersonOfEach(['dba']) }, ports)).resolves.toBeUndefined()
    await expect(requireApproval(run, purge, ports)).rejects.toMatchObject({ name: 'Approval.Missing' })
  })
})
