import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isRollbackError } from '#core/errors.ts'
import { loadPlan, PlanError, resolveFlag } from '#core/plan/load.ts'
import { planFolder, problemsWith, SMALL_PLAN, shown } from './folder.ts'

const problemsOf = async (directory: string): Promise<string[]> => {
  try {
    await loadPlan(directory)
    return []
  } catch (error) {
    if (!(error instanceof PlanError)) throw error
    return shown(error.problems)
  }
}

describe('a good plan', () => {
  test('gives durations in milliseconds, tables by schema and name, and the text of its SQL', async () => {
    const directory = await planFolder()
    const plan = await loadPlan(directory)
    expect(plan.flags.SEARCH?.within).toBe(15_000)
    expect(plan.protects.tables).toEqual([{ schema: 'public', name: 'embeddings' }])
    expect(plan.sql['sql/answers.sql']).toBe('select 1 as answer;\n')
    expect(plan.directory).toBe(directory)
    expect(plan.paths.partial?.steps.map(({ kind }) => kind)).toEqual(['drop-indexes', 'run-sql', 'verify'])
    expect(plan.budgets.lock).toBe(100)
  })

  test('finds the parameter of a flag in an environment', async () => {
    const plan = await loadPlan(await planFolder())
    expect(resolveFlag(plan, 'SEARCH', 'prod')).toBe('/app/prod/SEARCH')
  })

  test.each(['', 'Prod', 'a/b', '../x', 'x'.repeat(32)])('refuses the environment "%s"', async (environment) => {
    const plan = await loadPlan(await planFolder())
    expect(() => resolveFlag(plan, 'SEARCH', environment)).toThrow(
      expect.objectContaining({ name: 'Environment.Invalid' }),
    )
  })

  test('says which flags there are when asked for another', async () => {
    const plan = await loadPlan(await planFolder())
    expect(() => resolveFlag(plan, 'SERCH', 'prod')).toThrow(
      '"SERCH" is not a flag of this plan. Did you mean "SEARCH"?',
    )
    expect(() => resolveFlag(plan, 'constructor', 'prod')).toThrow('is not a flag')
  })
})

describe('a bad plan says where it is wrong and what to write', () => {
  test('an unknown key: the nearest known one', async () => {
    expect(await problemsWith(['    budget: 10m', '    bugdet: 10m'])).toEqual([
      'plan.yaml:34:3 "budget" is missing. Add budget.',
      'plan.yaml:39:5 "bugdet" is not a key of this mapping. Did you mean "budget"?',
    ])
  })

  test('an unknown key at the top that is near nothing: all that are known', async () => {
    const [problem] = await problemsWith(['title: A small plan', 'title: A small plan\nzzzzzzzz: 1'])
    expect(problem).toMatch(/^plan\.yaml:4:1 "zzzzzzzz" is not a key of a plan\. Use one of version, name, title, /)
  })

  test('a duration in a unit that is none', async () => {
    expect(await problemsWith(['within: 15s', 'within: 15sec'])).toEqual([
      'plan.yaml:14:13 "15sec" is not a duration. Write a whole number and a unit: 100ms, 30s, 2m, 1h or 7d.',
    ])
  })

  test('a boolean where the flag needs text', async () => {
    expect(await problemsWith(['safe: "false"', 'safe: false'])).toEqual([
      'plan.yaml:11:11 "false" is not text. Put it in quotes: "false".',
    ])
  })

  test('two kinds in one step, and a step of a kind that is not known', async () => {
    expect(
      await problemsWith(
        [
          '      - run-sql: { file: sql/step.sql }',
          '      - run-sql: { file: sql/step.sql }\n        set-flag: { flag: SEARCH, to: safe }',
        ],
        ['      - verify:', '      - verfy:'],
      ),
    ).toEqual([
      'plan.yaml:37:9 This step has "run-sql" and "set-flag". Give exactly one of capacity, capture, drain, drop-indexes, migrate, parameter-group, rds-snapshot, restore-config, run-command, run-sql, set-flag, throttle, verify, webhook, previous-version, restart, scale.',
      'plan.yaml:39:9 "verfy" is not a key of this mapping. Did you mean "verify"?',
    ])
  })

  test('a table without a schema, and one that SQL would fold to lower case', async () => {
    expect(await problemsWith(['tables: [public.embeddings]', 'tables: [embeddings, public.Chunks]'])).toEqual([
      'plan.yaml:16:12 "embeddings" is not a schema and a name. Write public.embeddings, or "Schema"."Name" in double quotes where SQL needs them.',
      'plan.yaml:16:24 "public.Chunks" is not a schema and a name. Write public.embeddings, or "Schema"."Name" in double quotes where SQL needs them.',
    ])
  })

  test('a value outside the list', async () => {
    expect(await problemsWith(['severity: critical', 'severity: critcal'])).toEqual([
      'plan.yaml:25:15 "critcal" is not known. Did you mean "critical"?',
    ])
  })

  test('a parameter of AWS itself, which the flag may not be', async () => {
    const [problem] = await problemsWith(['/app/{env}/SEARCH', '/aws/{env}/SEARCH'])
    expect(problem).toMatch(/^plan\.yaml:10:16 "\/aws\/\{env\}\/SEARCH" is not the name of an SSM parameter\./)
  })

  test('a placeholder that no message has', async () => {
    const [problem] = await problemsWith([
      'contacts:',
      'messages:\n  report: { subject: "{plan}", body: "{plna}" }\ncontacts:',
    ])
    expect(problem).toMatch(/^plan\.yaml:54:38 "\{plna\}" is not a placeholder\. Use one of \{plan\}, /)
  })

  test('a signal without a limit, and one with two sources', async () => {
    expect(await problemsWith(['    above: 30\n', ''])).toEqual([
      'plan.yaml:19:3 This signal needs one limit. Give either above or below.',
    ])
    expect(
      await problemsWith(['    above: 30\n', '    above: 30\n    rds-event: { categories: [failover] }\n']),
    ).toEqual([
      'plan.yaml:19:3 This signal has "rds-event" and "probe". Give exactly one of metric, log-filter, rds-event, probe, connect.',
    ])
  })

  test('a connection that fails with a limit, a unit or a role: it does or it does not', async () => {
    expect(
      await problemsWith([
        '    probe: sql/slow.sql\n    above: 30\n    unit: seconds\n',
        '    connect: true\n    as: app\n    above: 0\n    unit: count\n    rate: 1m\n',
      ]),
    ).toEqual([
      'plan.yaml:19:3 A connection that fails has no limit. Remove above and below.',
      'plan.yaml:22:9 Only a probe runs as a role. Remove as, or measure with a probe.',
      'plan.yaml:24:11 A connection that fails is not measured. Remove unit.',
      'plan.yaml:25:11 A connection that fails is not measured. Remove rate.',
    ])
  })

  test('a name that is not the folder’s', async () => {
    expect(await problemsWith(['name: small', 'name: large'])).toEqual([
      `plan.yaml:2:7 "large" is not the name of the plan's folder. Write "small", or rename the folder.`,
    ])
  })

  test('an empty file', async () => {
    const problems = await problemsOf(await planFolder({ 'plan.yaml': '' }))
    expect(problems).toEqual(['plan.yaml:1:1 "null" is not a mapping. Write a mapping.'])
  })

  test('one error of category usage that fits a screen and holds them all', async () => {
    const keys = Array.from({ length: 60 }, (_, i) => `bad-${i}: 1`).join('\n')
    const directory = await planFolder({ 'plan.yaml': `${keys}\n${SMALL_PLAN}` })
    const error: unknown = await loadPlan(directory).catch((thrown: unknown) => thrown)
    expect(isRollbackError(error)).toBe(true)
    expect(error).toMatchObject({ name: 'Plan.Invalid', category: 'usage' })
    const { message, problems } = error as PlanError
    expect(problems).toHaveLength(60)
    expect(message.split('\n').length).toBeLessThanOrEqual(24)
    expect(message).toContain(`${directory}/plan.yaml:1:1: "bad-0" is not a key of a plan.`)
    expect(message).toContain('… and 40 more.')
  })
})

describe('what keeps alarms from rolling back again and again', () => {
  test('is half an hour of cooldown and three runs a day, when the plan says nothing', async () => {
    const plan = await loadPlan(await planFolder())
    expect([plan.cooldown, plan['runs-per-day']]).toEqual([30 * 60_000, 3])
  })

  test('is neither a cooldown that hides a new failure, nor a limit that allows nothing', async () => {
    const [cooldown] = await problemsWith(['title:', 'cooldown: 25h\ntitle:'])
    expect(cooldown).toBe(
      'plan.yaml:3:11 "25h" is longer than a day. Choose a day at most: what goes off again tomorrow is a new incident.',
    )
    expect(await problemsWith(['title:', 'cooldown: 1d\nruns-per-day: 1\ntitle:'])).toEqual([])
    expect(await problemsWith(['title:', 'runs-per-day: 0\ntitle:'])).toHaveLength(1)
  })
})

describe('files', () => {
  test('an SQL file that does not exist', async () => {
    expect(await problemsOf(await planFolder({ 'sql/answers.sql': null }))).toEqual([
      'plan.yaml:50:10 "sql/answers.sql" does not exist. Create the file, or correct its name.',
    ])
  })

  test.each([
    '../secret.sql',
    '/etc/passwd.sql',
    'sql/../../x.sql',
    'sql/.hidden.sql',
    'sql/x.txt',
  ])('refuses the file name "%s"', async (name) => {
    const [problem] = await problemsWith(['sql: sql/answers.sql', `sql: ${name}`])
    expect(problem).toContain(`plan.yaml:50:10 "${name}" is not an SQL file of the plan's folder.`)
  })

  test('a link that leads out of the folder', async () => {
    const directory = await planFolder({ 'sql/answers.sql': null, '../outside.sql': 'select 1' })
    await symlink('../../outside.sql', join(directory, 'sql/answers.sql'))
    expect(await problemsOf(directory)).toEqual([
      `plan.yaml:50:10 "sql/answers.sql" is a link that leads out of the plan's folder. Copy the file into the folder.`,
    ])
  })

  test('a file that is too big, and one that is not UTF-8', async () => {
    const directory = await planFolder({
      'sql/answers.sql': `-- ${'x'.repeat(262_144)}`,
      'sql/slow.sql': Uint8Array.of(0x73, 0xff),
    })
    expect(await problemsOf(directory)).toEqual([
      'plan.yaml:21:12 "sql/slow.sql" is not UTF-8. Save it as UTF-8 text.',
      'plan.yaml:50:10 "sql/answers.sql" has 262147 bytes. Keep it under 262144 bytes.',
    ])
  })

  test('a folder without a plan', async () => {
    const directory = await planFolder({ 'plan.yaml': null })
    expect(await problemsOf(directory)).toEqual([
      'plan.yaml:1:1 "plan.yaml" does not exist. Create the file, or correct its name.',
    ])
  })
})

describe('the digest', () => {
  test('is the same wherever the folder lies', async () => {
    const [a, b] = [await loadPlan(await planFolder()), await loadPlan(await planFolder())]
    expect(a.digest).toMatch(/^[0-9a-f]{64}$/)
    expect(a.digest).toBe(b.digest)
  })

  test.each([
    ['one byte of an SQL file', { 'sql/answers.sql': 'select 1 as answer; \n' }],
    ['one byte of a comment of plan.yaml', { 'plan.yaml': `${SMALL_PLAN}#` }],
  ])('changes with %s', async (_, files) => {
    const [a, b] = [await loadPlan(await planFolder()), await loadPlan(await planFolder(files))]
    expect(a.digest).not.toBe(b.digest)
  })

  test('does not change with a file that the plan does not name', async () => {
    const [a, b] = [await loadPlan(await planFolder()), await loadPlan(await planFolder({ 'README.md': 'x' }))]
    expect(a.digest).toBe(b.digest)
  })
})
