import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { readJson } from '#core/json.ts'
import type { IncidentId } from '#core/names.ts'
import type { Fault, FaultyService } from '#local/endpoints/faults.ts'
import { startWire } from '#test/faults/wire.ts'
import { dumpSchema } from '#test/postgres/ddl-roundtrip-schema.ts'
import { describePostgres } from '#test/support/database.ts'
import { EVERYBODY, FLAG, PLAN, startWorld, type World } from '#test/support/paths.ts'

const PART = /\.copy\.zst$/
const OPERATIONS: readonly (readonly [FaultyService, ...string[]])[] = [
  ['s3', 'PutObject', 'GetObject', 'HeadObject', 'ListObjectsV2'],
  ['ssm', 'GetParameter', 'PutParameter'],
  ['sns', 'Publish'],
  ['states', 'StartExecution', 'DescribeExecution', 'GetExecutionHistory', 'SendTaskSuccess'],
]

describePostgres('a service that fails', () => {
  let world: World
  beforeEach(async () => {
    world = await startWorld({ rows: 60 })
    await world.stack.flags.write(FLAG as never, 'true')
  })
  afterEach(() => world?.close())

  const flag = async () => (await world.stack.flags.read(FLAG as never))?.value
  const sealed = async () => {
    const keys: string[] = []
    for await (const { key } of world.stack.objects.list(`snapshots/${PLAN}/`)) keys.push(key)
    return keys.filter((key) => key.endsWith('manifest.json'))
  }
  const untouched = async () => {
    const before = await dumpSchema(world.db)
    return async () => expect(await dumpSchema(world.db)).toBe(before)
  }
  /** The functions read where the database is each time that they want it. */
  const databaseAt = (url: string) => {
    process.env.DATABASE_URL = url
  }

  describe('the bucket', () => {
    test('is down all the time: the flag is off, people are called, and the database is untouched', async () => {
      const same = await untouched()
      world.stack.faults.down('s3')
      const { report, problem, states } = await world.run('full')
      expect(await flag()).toBe('false')
      expect(problem).toMatchObject({ error: 'Bucket.Unreachable', category: 'unreachable' })
      expect(report).toBeNull()
      expect(states.map(({ name }) => name)).toEqual([
        'May containment come first?',
        'Contain',
        'Open incident',
        'Needs a human',
        'What did they decide?',
        'Tell that it is closed',
        'Handed over',
      ])
      expect(world.stack.messages().map(({ subject }) => subject)).toEqual([
        `${PLAN} test: the rollback could not begin (Bucket.Unreachable)`,
        `${PLAN} test: closed by a person, who has taken over`,
      ])
      await same()
    })

    test('does not take a part: the run needs a human, nothing is sealed, and the next run seals all of it', async () => {
      const mended = world.stack.faults.add({ service: 's3', key: PART, fault: { reset: true } })
      const { report, problem } = await world.run('full')
      expect(problem).toMatchObject({ error: 'Bucket.Unreachable', category: 'unreachable' })
      expect(report?.outcome).toBe('needs-human')
      expect(await sealed()).toEqual([])
      mended()
      const again = await world.run('full')
      expect(again.problem).toBeNull()
      expect(await sealed()).toHaveLength(1)
      expect(again.report?.snapshot?.tables.map(({ rows }) => rows)).toEqual([60, 60])
    })

    test('swallows a part and never answers: it is sent again', async () => {
      world.stack.faults.add({ service: 's3', key: PART, times: 1, fault: { blackHole: true } })
      const { report, problem } = await world.run('full')
      expect(problem).toBeNull()
      expect(report?.snapshot?.tables.map(({ rows }) => rows)).toEqual([60, 60])
    })
  })

  test.for<[string, Fault]>([
    ['answers 503', { status: 503 }],
    ['resets the connection', { reset: true }],
    ['does what it is asked, and loses the answer', { loseAnswer: true }],
  ])('each operation of each service %s once: the run does not notice', async ([, fault]) => {
    for (const [service, ...operations] of OPERATIONS)
      for (const operation of operations) world.stack.faults.add({ service, operation, times: 1, fault })
    const { report, problem } = await world.run('full')
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('rolled-back')
    expect(await sealed()).toHaveLength(1)
    expect(await world.query('select count(*)::int as n from vector_rollback_retired.retirements')).toEqual([{ n: 1 }])
  })

  test('messages cannot be sent: the run goes on, and the report says that nobody was told', async () => {
    world.stack.faults.down('sns')
    const { report, problem } = await world.run('partial')
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('rolled-back')
    const told = ['contained', 'report', 'rolled-back', 'started', 'users']
    expect(report?.notifications.map(({ event }) => event).sort()).toEqual(told)
    expect(report?.notifications.filter(({ delivered }) => delivered)).toEqual([])
  })

  test('the parameter store is down: the error names what to set by hand, and people are called', async () => {
    const same = await untouched()
    world.stack.faults.down('ssm')
    const { report, problem } = await world.run('full')
    expect(problem?.error).toBe('Containment.Incomplete')
    expect(problem?.text).toContain(`Set the others by hand, now: ${FLAG} = "false"`)
    expect(report).toBeNull()
    expect(world.stack.messages()[0]?.message).toContain(`${FLAG} = "false"`)
    await same()
  })

  describe('the database', () => {
    test('is not there: the flag path contains, and unknown checks are no success', async () => {
      const gone = await startWire(world.db.url)
      await gone.close()
      databaseAt(gone.url)
      const { report, problem } = await world.run('flag')
      expect(await flag()).toBe('false')
      expect(problem).toMatchObject({ error: 'Verification.Unknown', category: null })
      expect(report?.outcome).toBe('needs-human')
      expect(report?.evidence.every(({ status }) => status === 'unknown')).toBe(true)
      expect(Object.fromEntries(report?.checks.map(({ name, status }) => [name, status]) ?? [])).toEqual({
        // The application says these itself; our way to its database is the one that is gone.
        'application-healthy': 'pass',
        'application-sees-off': 'pass',
        'delivery of VECTOR_SEARCH_ENABLED': 'pass',
        'machines-listed': 'pass',
        'search-falls-back': 'pass',
        'flag-is-off': 'pass',
        'machines-readable': 'unknown',
        'text-search-answers': 'unknown',
      })
    })

    test.for<[string, [string, ...string[]]]>([
      ['in the middle of a copy', ['copy (select']],
      ['in the middle of the move of the tables', ['insert into "vector_rollback_retired"']],
      ['while the move of the tables is committed', ['insert into "vector_rollback_retired"', 'commit']],
      ['while the rows are counted for the seal', ['select count(*)::text as rows from only']],
    ])('is cut off %s: it is tried again, and ends the same', async ([, passing]) => {
      const wire = await startWire(world.db.url)
      onTestFinished(() => wire.close())
      databaseAt(wire.url)
      const cut = wire.after(passing).then(() => wire.cut())
      const [{ report, problem }] = await Promise.all([world.run('full'), cut])
      expect(problem).toBeNull()
      expect(report?.outcome).toBe('rolled-back')
      expect(report?.snapshot?.tables.map(({ rows }) => rows)).toEqual([60, 60])
      expect(await sealed()).toHaveLength(1)
    })

    test('ends the session in the middle of the move of the tables, as a failover does: it is tried again, and ends the same', async () => {
      const wire = await startWire(world.db.url)
      onTestFinished(() => wire.close())
      databaseAt(wire.url)
      const ended = wire.before(['insert into "vector_rollback_retired"']).then(async () => {
        await world.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and application_name like 'vector-rollback:%:retire'`,
        )
        wire.release()
      })
      const [{ report, problem }] = await Promise.all([world.run('full'), ended])
      expect(problem).toBeNull()
      expect(report?.outcome).toBe('rolled-back')
    })

    test('is reached by another name when a sealed snapshot is looked at again: it is the same snapshot', async () => {
      await world.run('full')
      const wire = await startWire(world.db.url)
      onTestFinished(() => wire.close())
      databaseAt(wire.url)
      const { report, problem } = await world.run('full')
      expect(problem).toBeNull()
      expect(report?.outcome).toBe('rolled-back')
    })
  })

  test('a question that is answered twice is answered once: the second answer is refused and changes nothing', async () => {
    await world.run('full')
    world.stack.clock.travel(8 * 86_400_000)
    world.approvers = EVERYBODY
    const { incident, states } = await world.run('purge')
    const token = await tokenOf(incident, 'purge')
    await expect(world.stack.executions.succeed(token, { approved: true })).rejects.toMatchObject({
      name: 'StateMachine.TaskGone',
    })
    await expect(world.stack.executions.fail(token, 'Approval.Denied', 'too late')).rejects.toMatchObject({
      name: 'StateMachine.TaskGone',
    })
    expect(states.filter(({ name }) => name === 'Purge')).toHaveLength(1)
  })

  const tokenOf = async (incident: IncidentId, purpose: string) => {
    const found = await readJson(world.stack.objects, `incidents/${incident}/approvals/${purpose}/request.json`)
    return (found?.value as { token: string }).token
  }
})
