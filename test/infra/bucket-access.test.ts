import { beforeAll, describe, expect, test } from 'vitest'
import { decideKeys } from '#core/decide/keys.ts'
import { keys } from '#core/incident/keys.ts'
import { recordedKeys } from '#core/recorded/keys.ts'
import { restoredKey, restorePartsKey } from '#core/restore/side-schema.ts'
import { manifestKey, partsKey, sidecarKey, verifyKey } from '#core/snapshot/keys.ts'
import { STEPS, type StepKind } from '#core/steps/registry.ts'
import { workloadKeys } from '#core/workloads/keys.ts'
import {
  answer,
  type GrantedRights,
  grantedRights,
  incident,
  needing,
  part,
  plan,
  restore,
  snapshot,
} from '#test/infra/rights.ts'

let bucket: string
let who: GrantedRights['who']
let writers: GrantedRights['writers']
let readers: GrantedRights['readers']

beforeAll(async () => {
  ;({ bucket, who, writers, readers } = await grantedRights())
})

describe('the bucket', () => {
  test('may be deleted from by nobody', () => {
    for (const action of ['s3:DeleteObject', 's3:DeleteObjectVersion'])
      for (const key of [part, keys.lease(plan), answer]) expect(who(action, `${bucket}/${key}`)).toEqual([])
  })

  test('is open to the steps that need it, each to the keys that it writes', () => {
    const written: Record<string, readonly (StepKind | 'remind')[]> = {
      [keys.lease(plan)]: ['open-incident', 'report'],
      [keys.incident(incident)]: ['open-incident'],
      [`${keys.joined(incident)}other.json`]: ['open-incident'],
      [keys.course(incident)]: ['open-incident', 'report', 'safe-point'],
      [`${keys.runs(plan)}at-other.json`]: ['open-incident', 'safe-point'],
      [keys.breaker(plan)]: ['open-incident'],
      [`${keys.seen(incident)}locks.json`]: ['preserve-evidence'],
      [`${keys.captured(incident)}sql/rows.sql/0123-4/00001.jsonl`]: ['capture', 'drain', 'run-sql'],
      [`${keys.drains(incident)}0123.json`]: ['drain'],
      [`${keys.checks(incident)}at-full.json`]: [
        'follow-delivery',
        'prove-delivery',
        'prove-delivery-outside',
        'verify',
      ],
      [`${keys.human(incident)}at.json`]: ['needs-human'],
      [`${keys.messages(incident)}started-0123.json`]: [
        'ask-approval',
        'needs-human',
        'notify',
        'open-incident',
        're-enable',
        'remind',
        'report',
      ],
      // A question about a path ends when a worse one takes its place; no other question does.
      [`${keys.approval(incident, 'proceed')}request.json`]: ['ask-approval', 'open-incident'],
      [keys.unopened(incident)]: ['needs-human'],
      [`${keys.approval(incident, 'purge')}request.json`]: ['ask-approval'],
      [`${keys.approval(incident, 'replace')}request.json`]: ['ask-approval'],
      [`${keys.approval(incident, 're-enable')}request.json`]: ['ask-approval'],
      [keys.report(incident, 'json')]: ['report'],
      [keys.report(incident, 'md')]: ['report'],
      [keys.report(incident, 'html')]: ['report'],
      [keys.replaced(incident)]: ['set-aside'],
      [keys.purged(incident)]: ['purge'],
      [keys.outside(incident, 'full')]: ['verify-outside'],
      [keys.testData(incident, 'article-created')]: ['verify-outside'],
      [`${keys.looks(incident)}at-full.json`]: ['watch'],
      [keys.reEnabling(incident)]: ['re-enable'],
      [recordedKeys.chosen(incident)]: ['parameter-group', 'previous-version', 'restore-config', 'scale'],
      [workloadKeys.found(incident, 'restart-0123')]: ['previous-version', 'restart', 'scale', 'set-flag'],
      [recordedKeys.found(incident, '0123')]: ['parameter-group', 'restore-config'],
      [`${keys.commands(incident)}0123/sent.json`]: ['run-command'],
      [`${keys.evidence(incident)}command-0123.json`]: ['run-command'],
      [`${keys.calls(incident)}0123.json`]: ['webhook'],
      [`${keys.leftOpen(incident)}0123.json`]: ['open-incident', 'parameter-group'],
      'relief/pgvector-search/throttle/0123/000001.json': ['capacity', 'throttle'],
      // By CI, with its own rights: no run says what is good.
      [recordedKeys.record(plan, '2026-11-21T03:00:00.000Z')]: [],
      // Written by the command line, with the rights of a person.
      [keys.lastDrill(plan)]: ['report'],
      [keys.retirement(plan, incident)]: ['retire', 'set-aside'],
      [`${keys.droppedIndexes(plan)}0123.json`]: ['build-indexes', 'drop-indexes', 'swap-in'],
      [partsKey(plan, snapshot)]: ['list-parts'],
      [part]: ['snapshot-part'],
      [sidecarKey(part)]: ['snapshot-part'],
      [manifestKey(plan, snapshot)]: ['seal-snapshot'],
      [verifyKey(incident, snapshot)]: ['verify-snapshot'],
      [restorePartsKey(restore)]: ['prepare-restore'],
      [restoredKey(restore)]: ['swap-in'],
    }
    for (const [key, kinds] of Object.entries(written)) {
      expect(writers(key), key).toEqual(kinds)
      // A conditional write reads what is there.
      expect(readers(key), key).toEqual(expect.arrayContaining([...kinds]))
    }
    const inRun = STEPS.filter(({ kind }) => kind !== 'contain' && kind !== 'open-incident').map(({ kind }) => kind)
    expect(writers(`${keys.events(incident)}at-purge-1.json`)).toEqual(inRun.sort())
  })

  test('keeps what is decided, changed and drilled: an alarm may not write that a drill has passed', () => {
    const at = '2026-11-21T03:00:00.000Z'
    const kept: Record<string, readonly string[]> = {
      [decideKeys.decision(plan, { name: 'slow', state: 'ALARM', at })]: ['on-alarm', 'sweep-alarms'],
      [decideKeys.change('all', at)]: ['on-alarm', 'sweep-alarms'],
      [decideKeys.alarms(plan)]: ['on-alarm', 'sweep-alarms'],
      [decideKeys.drill(plan, 'full')]: ['report'],
      [keys.lastDrill(plan)]: ['report'],
    }
    for (const [key, kinds] of Object.entries(kept)) expect(writers(key), key).toEqual(kinds)
    for (const key of Object.keys(kept)) expect(readers(key), key).toContain('on-alarm')
  })

  test('lets every step that changes the database, or a flag, read the lease and the kill switches, which only people write', () => {
    const changes: StepKind[] = [
      'drain',
      'drop-indexes',
      'migrate',
      'run-sql',
      'set-flag',
      // Creates test data in the application.
      'verify-outside',
      'restore-config',
      'throttle',
      'parameter-group',
      'capacity',
      'rds-snapshot',
      'webhook',
      'run-command',
      'previous-version',
      'restart',
      'scale',
      'retire',
      'list-parts',
      'seal-snapshot',
      'purge',
      're-enable',
    ]
    const restores: StepKind[] = [
      'undo-retire',
      'prepare-restore',
      'load-part',
      'add-constraints',
      'build-indexes',
      'compare-restore',
      'set-aside',
      'put-back',
      'swap-in',
    ]
    const looks = ['answer', 'open-incident', 'preserve-evidence', 'remind', 'report']
    expect(readers(keys.lease(plan))).toEqual([...looks, ...changes, ...restores].sort())
    for (const of of [plan, 'all']) {
      expect(readers(keys.switch(of))).toEqual([...changes, ...restores].sort())
      expect(writers(keys.switch(of))).toEqual([])
    }
  })

  test('shows the recorded approvals to what re-checks them, and takes answers from the function of people alone', () => {
    expect(readers(answer)).toEqual(['answer', 'purge', 're-enable', 'remind', 'report', 'safe-point', 'swap-in'])
    for (const key of [
      answer,
      `${keys.approval(incident, 'purge')}refused/at.json`,
      `${keys.decided(incident)}at.json`,
    ])
      expect(writers(key)).toEqual(['answer'])
  })

  test('shows how a run began to every step that tells people of it, or asks since when it is contained or who began it', () => {
    const tells: StepKind[] = ['ask-approval', 'needs-human', 'notify', 'report']
    const asks = [
      'answer',
      'choose-restore',
      'follow-delivery',
      'open-incident',
      'parameter-group',
      'previous-version',
      'prove-delivery',
      'prove-delivery-outside',
      're-enable',
      'remind',
      'restore-config',
      'safe-point',
      'scale',
      'webhook',
    ]
    expect(readers(keys.incident(incident))).toEqual([...tells, ...asks].sort())
  })

  test('shows snapshots to what restores, purges and reports, never to what only looks or switches', () => {
    const may = readers(part)
    for (const kind of ['load-part', 'purge', 'verify-part', 'verify-snapshot', 'report']) expect(may).toContain(kind)
    for (const kind of ['verify', 'watch', 'set-flag', 'run-sql', 'notify', 'contain', 'on-alarm'])
      expect(may).not.toContain(kind)
  })

  test('answers "no such key" to whoever reads, and to nobody else', () => {
    expect(who('s3:ListBucket', bucket)).toEqual(
      [
        'answer',
        'health',
        'observe-report',
        'on-alarm',
        'probe',
        'remind',
        'sweep-alarms',
        ...needing('objects'),
      ].sort(),
    )
  })
})
