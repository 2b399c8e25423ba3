import { describe, expect, test } from 'vitest'
import { checkPlan } from '#core/plan/check.ts'
import { edited, planFolder, shown } from './folder.ts'

const problemsWith = async (files: Parameters<typeof planFolder>[0]): Promise<string[]> =>
  shown(await checkPlan(await planFolder(files)))
const stepProblems = (text: string) => problemsWith({ 'sql/step.sql': text })
const checkProblems = (text: string) => problemsWith({ 'sql/answers.sql': text })

test('a good plan has no problems', async () => {
  expect(await problemsWith({})).toEqual([])
})

describe('delivery', () => {
  const by = (way: string, ...more: string[]) => ({
    'plan.yaml': edited(['delivery: poll', [`delivery: ${way}`, ...more].join('\n    ')]),
  })
  const WAYS = [
    ['ecs-redeploy', '{ cluster: "app-{env}", service: web }'],
    ['lambda-config', '{ function: search, alias: live, variable: SEARCH }'],
    ['eks-restart', '{ cluster: main, namespace: default, deployment: web, variable: SEARCH }'],
  ] as const

  test.each(WAYS)('by %s needs somebody that is brought the flag that way', async (way, target) => {
    expect(await problemsWith(by(way, `deliver: ${target}`))).toEqual([])
    const [nobody] = await problemsWith(by(way))
    expect(nobody).toContain(`Delivery by "${way}" does not say to whom. Write deliver: {`)
    const [other] = await problemsWith(by(way, 'deliver: { webhook: pager }'))
    expect(other).toContain(`This is nobody that "${way}" delivers to.`)
  })

  test('by polling is brought to nobody', async () => {
    const [problem] = await problemsWith(by('poll', 'deliver: { cluster: app, service: web }'))
    expect(problem).toContain('Leave deliver out')
  })

  test('by a webhook is one of the plan', async () => {
    const [problem] = await problemsWith(by('webhook', 'deliver: { webhook: pager }'))
    expect(problem).toContain('"pager" is not a webhook of this plan. Add it to webhooks.')
  })

  test('by a Lambda configuration is refused beside a step that goes back to an earlier version of that alias', async () => {
    const text = edited(
      ['delivery: poll', 'delivery: lambda-config\n    deliver: { function: search, alias: live }'],
      ['- run-sql: { file: sql/step.sql }', '- previous-version: { lambda: { function: search, alias: live } }'],
    )
    expect(await problemsWith({ 'plan.yaml': text, 'sql/step.sql': null })).toEqual([
      expect.stringContaining('back to a version that does not know what flag "SEARCH" is set to'),
    ])
  })

  test('by an echo is a single SELECT that is there', async () => {
    const echo = {
      'plan.yaml': edited(['within: 15s\nprotects', 'within: 15s\n    echo: { sql: sql/echo.sql }\nprotects']),
    }
    expect(await problemsWith({ ...echo, 'sql/echo.sql': "select 'web' as consumer, 'false' as value;\n" })).toEqual([])
    expect(await problemsWith({ ...echo, 'sql/echo.sql': 'delete from x where y;\n' })).toHaveLength(1)
    expect((await problemsWith(echo))[0]).toContain('sql/echo.sql')
  })
})

describe('a step that runs SQL', () => {
  test('cannot end its own transaction, however well it is hidden', async () => {
    expect(await stepProblems("comment on table t is ';'; -- é\n/* ; */\n  commit;\n")).toEqual([
      'sql/step.sql:3:3 BEGIN, COMMIT and ROLLBACK are not for a step: what went before would stay when the step fails. Remove it: the file runs in one transaction of its own.',
    ])
  })

  test.each([
    ["copy t to program 'x'", 'COPY … PROGRAM runs a command on the database server.'],
    ["copy t to '/tmp/x'", 'COPY reads or writes a file of the server, or a client that is not there.'],
    ['update t set a = 1', 'UPDATE without WHERE changes every row.'],
    ['with gone as (delete from t returning *) select count(*) from gone', 'DELETE without WHERE destroys every row.'],
    ['drop index i cascade', 'CASCADE takes along whatever depends on it, in this database today.'],
    ['alter table t drop constraint c cascade', 'CASCADE takes along whatever depends on it, in this database today.'],
    ['drop table public.embeddings', 'This destroys rows without a snapshot and without approval.'],
    ['truncate public.embeddings', 'This destroys rows without a snapshot and without approval.'],
    ['drop extension vector', 'This destroys rows without a snapshot and without approval.'],
    ['alter table t drop column c', 'This destroys rows without a snapshot and without approval.'],
    ['do $$ begin delete from t; end $$', 'A DO block hides what it does from every check.'],
    ['drop index concurrently i', 'PostgreSQL refuses this inside a transaction.'],
    ['reindex table concurrently t', 'PostgreSQL refuses this inside a transaction.'],
    ['vacuum t', 'PostgreSQL refuses this inside a transaction.'],
    ['\\i other.sql', 'A backslash command is for psql, not for the server.'],
    ['selec 1', 'PostgreSQL cannot parse this: syntax error at or near "selec".'],
  ])('is refused for: %s', async (statement, message) => {
    const problems = await stepProblems(`-- “why”\nset local x.y = 1;\n  ${statement}`)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(`sql/step.sql:3:3 ${message} `)
  })

  test('may have a DO block with the comment that allows it, right above it', async () => {
    expect(await stepProblems('--! allow-do\ndo $$ begin end $$;')).toEqual([])
    const [problem] = await stepProblems('--! allow-do\ndo $$ begin end $$;\ndo $$ begin end $$;')
    expect(problem).toMatch(/^sql\/step\.sql:3:1 A DO block/)
  })

  test('may run outside a transaction with one statement and the directive on line 1', async () => {
    expect(await stepProblems('--! no-transaction\ndrop index concurrently if exists i;\n')).toEqual([])
    expect(await stepProblems('--! no-transaction\ndrop index concurrently i;\ndrop index concurrently j;\n')).toEqual([
      'sql/step.sql:3:1 A file without a transaction has one statement: what went before would stay when this one fails. Move it to a file and a step of its own.',
    ])
    expect(await stepProblems('-- why\n--! no-transaction\nanalyze t;\n')).toEqual([
      'sql/step.sql:2:1 "no-transaction" stands on line 1 or nowhere. Move it to line 1.',
    ])
  })

  test('is told of a directive that does not exist', async () => {
    expect(await stepProblems('--! no-transactoin\nanalyze t;\n')).toEqual([
      'sql/step.sql:1:1 "no-transactoin" is not a directive. Did you mean "no-transaction"?',
    ])
  })

  test('may change rows that it names', async () => {
    expect(await stepProblems('update t set a = 1 where b = 2;\ndelete from t where b = 3;\nanalyze t;\n')).toEqual([])
  })
})

describe('a check or a probe only reads', () => {
  test.each([
    ['delete from t where true', 1, 'This is not a SELECT.'],
    ['with gone as (delete from t where true returning *) select * from gone', 1, 'This SELECT changes rows.'],
    ['select * into u from t', 1, 'SELECT INTO makes a table.'],
    ['select * from t for update', 1, 'This SELECT locks rows.'],
    ['select 1;\nselect 2', 2, 'A check is a single SELECT.'],
    ['-- nothing', 1, 'There is no statement in this file.'],
    ['--! allow-do\nselect 1', 1, '"allow-do" is for steps.'],
  ])('%s', async (statement, line, message) => {
    const problems = await checkProblems(statement)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(`sql/answers.sql:${line}:1 ${message} `)
  })
})

describe('what only the whole folder shows', () => {
  test('an SQL file that plan.yaml does not name', async () => {
    expect(await problemsWith({ 'sql/left/over.sql': 'select 1' })).toEqual([
      'sql/left/over.sql:1:1 plan.yaml does not name this file. Name it in plan.yaml, or delete it.',
    ])
  })

  test('ids that are not in the catalogue, or are there twice', async () => {
    const text = edited(['title:', 'covers: [PGV-01, PGV-99, PGV-01]\napplies: [DEF-05, CON-99]\ntitle:'])
    const problems = await problemsWith({ 'plan.yaml': text })
    expect(problems.map((problem) => problem.replace(/ Did you.*/, ''))).toEqual([
      'plan.yaml:3:18 "PGV-99" is not in the catalogue.',
      'plan.yaml:3:26 "PGV-01" is named twice. Remove one.',
      'plan.yaml:4:19 "CON-99" is not in the catalogue.',
    ])
  })

  test('problems of YAML, references and SQL come together, in order', async () => {
    const problems = await problemsWith({
      'plan.yaml': edited(['checks: [answers]', 'checks: [nothing]']),
      'sql/slow.sql': 'select',
      'sql/step.sql': 'truncate t',
      'sql/answers.sql': null,
    })
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual([
      'plan.yaml:38:28',
      'plan.yaml:50:10',
      'sql/step.sql:1:1',
    ])
  })
})
