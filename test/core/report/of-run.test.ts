import { describe, expect, test } from 'vitest'
import { askForApproval, recordAnswer } from '#core/approval/approval.ts'
import type { Incident } from '#core/incident/incident.ts'
import { keys } from '#core/incident/keys.ts'
import type { Problem } from '#core/incident/problem.ts'
import { tell } from '#core/incident/tell.ts'
import { writeJson } from '#core/json.ts'
import type { IncidentId, Path } from '#core/names.ts'
import { onePersonOfEach } from '#core/plan/vocabulary.ts'
import { testSigner } from '#test/support/signer.ts'
import { at, checked, clockAt, happened, objects, open, report, retired, useBucket } from './recorded-run.ts'

useBucket()

const FAILED: Problem = {
  state: 'Retire',
  error: 'Locks.NotAcquired',
  cause: JSON.stringify({ errorType: 'Locks.NotAcquired', errorMessage: 'Somebody reads. End it.', trace: [] }),
}

describe('the report of a run that ended well', () => {
  test('tells what started it, what was done, and that nothing was lost', async () => {
    const opened = await open('flag')
    await happened(opened.run, 'verify', 12)
    await checked(opened.run, 12, { answers: 'pass' })
    expect(await report(opened)).toMatchObject({
      outcome: 'rolled-back',
      plan: 'small',
      path: 'flag',
      startedBy: { kind: 'alarm', detail: 'slow-alarm' },
      signal: { name: 'slow', severity: 'critical', at: at(0) },
      states: [{ name: 'Contain' }],
      steps: [
        { kind: 'contain', startedAt: at(5), ms: 3000, changed: true },
        { kind: 'verify', startedAt: at(12) },
      ],
      checks: [{ name: 'answers', status: 'pass' }],
      problem: null,
      retirement: null,
      snapshot: null,
      loss: 'No data was lost.',
      seconds: { contained: 8, total: 60 },
    })
  })

  test.each<[Path, Partial<Incident>, string, string]>([
    ['flag', {}, 'rolled-back', 'alarm'],
    ['partial', { signal: null }, 'rolled-back', 'person'],
    ['restore', { signal: null }, 'restored', 'person'],
    ['purge', { signal: null }, 'nothing-to-do', 'person'],
    ['full', { signal: null, drill: true }, 'drill-passed', 'drill'],
    ['purge', { signal: null, drill: true }, 'nothing-to-do', 'drill'],
  ])('of the path %s (%j) is %s, started by %s', async (path, more, outcome, kind) => {
    expect(await report(await open(path, more))).toMatchObject({ outcome, startedBy: { kind } })
  })

  test('counts from the start where a person started it', async () => {
    expect((await report(await open('flag', { signal: null }))).seconds).toEqual({ contained: 3, total: 55 })
  })

  test('says how many rows a purge destroyed, and on whose approval', async () => {
    const opened = await open('purge', { signal: null })
    const { run } = opened
    const ports = { objects, signer: testSigner(), clock: clockAt(20), environment: 'prod' }
    const question = { purpose: 'purge', subject: null, approve: onePersonOfEach(['lead']) } as const
    const request = await askForApproval(run, question, { token: 'secret-token', expiresAt: new Date(at(900)) }, ports)
    const said = { role: 'lead', name: 'Ann', identity: 'arn of Ann', decision: 'approved' } as const
    await recordAnswer(ports, request, { ...said, at: new Date(at(30)) })
    await happened(run, 'purge', 40)
    const written = await report(opened)
    expect(written).toMatchObject({
      outcome: 'rolled-back',
      approvals: [{ purpose: 'purge', role: 'lead', name: 'Ann', decision: 'approved', at: at(30) }],
      loss: expect.stringContaining('rows were destroyed'),
    })
    expect(JSON.stringify(written)).not.toContain('secret-token')
  })

  test('keeps the newest answer of each check', async () => {
    const opened = await open('flag')
    await checked(opened.run, 12, { answers: 'fail', flag: 'pass' })
    await checked(opened.run, 30, { answers: 'pass' })
    expect((await report(opened)).checks.map(({ name, status }) => [name, status])).toEqual([
      ['answers', 'pass'],
      ['flag', 'pass'],
    ])
  })

  test('is written although the history cannot be had', async () => {
    const history = () => Promise.reject(new Error('StateMachine.Unreachable'))
    expect(await report(await open('flag'), { history })).toMatchObject({ outcome: 'rolled-back', states: [] })
  })

  test('is not written of a run that was never opened', async () => {
    const { plan, run } = await open('flag')
    await expect(report({ plan, run: { ...run, incident: 'never' as IncidentId } })).rejects.toThrow('"never"')
  })
})

describe('the budgets of a report', () => {
  test('are met: containment within that of the flag path, the whole within that of its own', async () => {
    expect((await report(await open('partial'))).budgets).toEqual([
      { name: 'contained', limitMs: 60_000, actualMs: 8_000, met: true },
      { name: 'total', limitMs: 600_000, actualMs: 60_000, met: true },
    ])
  })

  test('are missed by a second', async () => {
    const contained = { changed: true, detail: 'late', at: at(61), flags: [] }
    expect((await report(await open('flag', { contained }), { seconds: 61 })).budgets).toEqual([
      { name: 'contained', limitMs: 60_000, actualMs: 61_000, met: false },
      { name: 'total', limitMs: 60_000, actualMs: 61_000, met: false },
    ])
  })

  test('are not measured where nobody saw the containment', async () => {
    const written = await report(await open('flag', { contained: null }))
    expect(written.budgets[0]).toEqual({ name: 'contained', limitMs: 60_000, actualMs: null, met: null })
    expect(written.seconds.contained).toBeNull()
  })

  test('do not count the time of watching', async () => {
    const opened = await open('flag')
    await happened(opened.run, 'verify', 20)
    await happened(opened.run, 'watch', 21)
    await happened(opened.run, 'watch', 600)
    expect((await report(opened, { seconds: 610 })).budgets[1]).toMatchObject({ actualMs: 21_000, met: true })
  })

  test('of a worse path begin when it was demanded, and do not end with the watch of the path before', async () => {
    const { plan, run } = await open('flag')
    await happened(run, 'watch', 21)
    const demand = { path: 'full' as const, by: 'worse' as IncidentId, at: at(300), reason: 'Worse.', signal: null }
    const course = { path: 'full', signal: null, demand: null, escalations: [{ ...demand, from: 'flag' }] }
    await writeJson(objects, keys.course(run.incident), { ...course, heldBack: null, open: false })
    await happened(run, 'safe-point', 310)
    await happened(run, 'watch', 2_400)
    const { budgets } = await report({ plan, run: { ...run, path: 'full' } }, { seconds: 2_500 })
    expect(budgets[1]).toEqual({ name: 'total', limitMs: 1_800_000, actualMs: 2_100_000, met: false })
  })

  test('of a purge is that of the full path', async () => {
    expect((await report(await open('purge'))).budgets[1]).toMatchObject({ limitMs: 1_800_000 })
  })
})

describe('the timeline of a report', () => {
  test('has everything that happened in its order, whoever recorded it', async () => {
    const opened = await open('full')
    const { run, plan } = opened
    await happened(run, 'retire', 40)
    await happened(run, 'preserve-evidence', 11)
    await happened(run, 'verify', 50)
    const notifier = {
      send: () => Promise.reject(new Error('no topic')),
      chat: async () => null,
      post: () => Promise.reject(new Error('no webhook is called')),
    }
    const plans = { names: async () => [], load: async () => plan }
    await tell(run, 'started', {}, { notifier, objects, plans, clock: clockAt(10), environment: 'prod' })
    const { timeline, notifications } = await report(opened, { problem: FAILED })
    expect(notifications).toMatchObject([{ event: 'started', delivered: false }])
    expect(timeline.map(({ kind, at: when }) => [kind, when])).toEqual([
      ['signal', at(0)],
      ['signal', at(5)],
      ['contain', at(8)],
      ['notice', at(10)],
      ['evidence', at(11)],
      ['step', at(40)],
      ['check', at(50)],
      ['problem', at(60)],
      ['end', at(60)],
    ])
    expect(timeline.find(({ kind }) => kind === 'notice')?.text).toMatch(/^Not delivered: /)
  })
})

describe('the report of a run that needs a person', () => {
  test('says what stopped it in its own words, and that the system is contained', async () => {
    const written = await report(await open('full'), { problem: FAILED })
    expect(written).toMatchObject({
      outcome: 'needs-human',
      problem: { state: 'Retire', error: 'Locks.NotAcquired', cause: 'Somebody reads. End it.' },
    })
    expect(written.next[0]).toBe('The system is contained: the flags are at their safe values.')
    expect(written.next.join('\n')).toContain('"path":"full"')
    expect(written.next.join('\n')).toContain('"path":"restore"')
  })

  test('needs-human comes before the drill that it was', async () => {
    expect((await report(await open('full', { drill: true }), { problem: FAILED })).outcome).toBe('needs-human')
  })

  test.each([null, '', 'not JSON', '{"half":'])('is written whatever the cause is: %j', async (cause) => {
    const { problem } = await report(await open('full'), { problem: { state: 'Retire', error: null, cause } })
    expect(problem).toMatchObject({ error: 'no name', cause: cause || 'no cause was given' })
  })

  test.each([
    ['the flags were set on again', { ...FAILED, state: 'Verify the feature' }, true],
    ['they could not be switched off again', { ...FAILED, state: 'Switch off again' }, false],
    ['another run took over', { ...FAILED, state: 'Re-enable', error: 'Lease.Lost' }, false],
  ])('does not call the system contained when %s, and says how to contain it', async (_, problem, reEnabled) => {
    const { next } = await report(await open('restore'), { problem, reEnabled })
    expect(next[0]).toMatch(/^The system is not contained: .*"path":"flag"/)
    expect(next.join('\n')).not.toContain('The system is contained')
  })
})

describe('the retirement in a report', () => {
  test('is the one that a full rollback made or found, with the day from which it may be purged', async () => {
    const opened = await open('full')
    await retired(opened.plan, 'earlier', -10_000)
    await retired(opened.plan, 'r1', 20)
    await happened(opened.run, 'retire', 20)
    expect((await report(opened)).retirement).toEqual({
      id: 'r1',
      tables: [{ schema: 'public', name: 'embeddings' }],
      retiredAt: at(20),
      undo: expect.stringContaining('"path":"restore"'),
      purgeDue: at(20 + 7 * 86_400),
    })
  })

  test('is not that of an earlier run when this one came to retire nothing', async () => {
    const opened = await open('full')
    await retired(opened.plan, 'earlier', -10_000)
    const error = { name: 'Locks.NotAcquired', category: 'failed' } as const
    await happened(opened.run, 'retire', 20, { changed: false, error })
    expect(await report(opened, { problem: FAILED })).toMatchObject({ retirement: null, snapshot: null })
  })

  test('is none where the path keeps the tables', async () => {
    const opened = await open('partial')
    await retired(opened.plan, 'earlier', -10_000)
    expect((await report(opened)).retirement).toBeNull()
  })
})
