import { describe, expect, test } from 'vitest'
import { checkPlan } from '#core/plan/check.ts'
import { loadPlan } from '#core/plan/load.ts'
import { previewOfPlan } from '#core/preview/of-plan.ts'
import { edited, planFolder, shown } from '#test/core/plan/folder.ts'

const STEP = '      - run-sql: { file: sql/step.sql }\n'
const CHANGE = '      - run-sql: { file: sql/step.sql, capture: sql/rows.sql }\n'
const ROWS = "select t.* from public.tasks as t where t.status = 'pending';\n"
const CANCEL = "update public.tasks set status = 'failed' where id in (select id from pg_temp.captured);\n"

const problems = async (step: string, files: Record<string, string> = {}): Promise<string[]> =>
  shown(
    await checkPlan(
      await planFolder({
        'plan.yaml': edited([STEP, step]),
        'sql/step.sql': CANCEL,
        'sql/rows.sql': ROWS,
        ...files,
      }),
    ),
  )

test('a step whose rows are captured has no problems', async () => {
  expect(await problems(CHANGE)).toEqual([])
})

describe('a file whose rows are captured before it', () => {
  const NOT_CAPTURED =
    'This may change rows that were not captured. Change the rows of pg_temp.captured alone: where id in (select id from pg_temp.captured).'
  test.each([
    ["update public.tasks set status = 'failed' where status = 'pending'", NOT_CAPTURED],
    ['delete from public.tasks where id > 3', NOT_CAPTURED],
    [
      "with gone as (delete from public.tasks where id > 3 returning id) insert into public.log select 'gone' from gone",
      NOT_CAPTURED,
    ],
    [
      "insert into public.tasks (id) values (1) on conflict (id) do update set status = 'failed'",
      'ON CONFLICT DO UPDATE changes a row that was not captured. Update the rows of pg_temp.captured, then insert with on conflict do nothing.',
    ],
    ["update other.captured set status = 'failed' where id in (select id from public.captured)", NOT_CAPTURED],
  ])('may change no others: %s', async (statement, problem) => {
    expect(await problems(CHANGE, { 'sql/step.sql': statement })).toEqual([`sql/step.sql:1:1 ${problem}`])
  })

  test('may not hide what it does, and runs in the transaction of its capture', async () => {
    expect(await problems(CHANGE, { 'sql/step.sql': '--! no-transaction\nvacuum public.tasks' })).toEqual(
      expect.arrayContaining([expect.stringContaining('"no-transaction" is for steps.')]),
    )
    expect(await problems(CHANGE, { 'sql/step.sql': '--! allow-do\ndo $$ begin end $$' })).toEqual(
      expect.arrayContaining([expect.stringContaining('"allow-do" is for steps.')]),
    )
  })
})

describe('the SELECT of a capture', () => {
  test.each([
    ['select id, status from public.tasks', 'This has no whole row: what it leaves out is in no evidence.'],
    ['select count(*) from public.tasks', 'This has no whole row: what it leaves out is in no evidence.'],
    ['select t.* from public.tasks as t for update', 'This SELECT locks rows.'],
    ['with d as (delete from public.tasks where id = 1 returning *) select * from d', 'This SELECT changes rows.'],
  ])('has whole rows and only reads: %s', async (statement, problem) => {
    expect(await problems(CHANGE, { 'sql/rows.sql': statement })).toEqual([expect.stringContaining(problem)])
  })
})

test('an earlier capture has to be one, of the same path, and for a capture', async () => {
  const earlier = (before: string) =>
    `${before}      - run-sql: { file: sql/step.sql, capture: sql/rows.sql, earlier: sql/first.sql }\n`
  const first = { 'sql/first.sql': ROWS }
  expect(await problems(earlier('      - capture: { rows: sql/first.sql }\n'), first)).toEqual([])
  expect(await problems(earlier(''), first)).toEqual([
    expect.stringContaining(
      'No step before this one captures "sql/first.sql". Put - capture: { rows: sql/first.sql } before it.',
    ),
  ])
  expect(await problems('      - run-sql: { file: sql/step.sql, earlier: sql/first.sql }\n', first)).toEqual([
    expect.stringContaining('Nothing is captured that could come from an earlier capture.'),
  ])
})

test('a drain needs time, a count that is a SELECT, and a way to cancel that is captured', async () => {
  const drain = (input: string) => `      - drain: ${input}\n${STEP}`
  const files = { 'sql/count.sql': 'select 0 as open', 'sql/cancel.sql': CANCEL, 'sql/step.sql': 'select 1' }
  const whole = '{ count: sql/count.sql, within: 5m, then: { capture: sql/rows.sql, cancel: sql/cancel.sql } }'
  expect(await problems(drain(whole), files)).toEqual([])
  expect(await problems(drain(whole.replace('5m', '0s')), files)).toEqual([
    expect.stringContaining('A drain takes time.'),
  ])
  expect(await problems(drain(whole.replace('capture: sql/rows.sql, ', '')), files)).not.toEqual([])
  expect(await problems(drain(whole), { ...files, 'sql/count.sql': 'delete from public.tasks where true' })).toEqual([
    expect.stringContaining('This is not a SELECT.'),
  ])
  expect(
    await problems(drain(whole), { ...files, 'sql/cancel.sql': "update public.tasks set status = 'x' where true" }),
  ).toEqual([expect.stringContaining('This may change rows that were not captured.')])
})

test('the preview says what is captured, what is waited for, and what is cancelled', async () => {
  const drain = '{ count: sql/count.sql, within: 5m, then: { capture: sql/rows.sql, cancel: sql/cancel.sql } }'
  const plan = await loadPlan(
    await planFolder({
      'plan.yaml': edited([STEP, `      - capture: { rows: sql/rows.sql }\n${CHANGE}      - drain: ${drain}\n`]),
      'sql/step.sql': CANCEL,
      'sql/rows.sql': ROWS,
      'sql/count.sql': 'select 0 as open',
      'sql/cancel.sql': CANCEL,
    }),
  )
  const { stages } = await previewOfPlan(plan, 'partial')
  const told = stages.map(({ title, lines }) => [title, lines.map((line) => ('text' in line ? line.text : '<sql>'))])
  expect(told).toEqual(
    expect.arrayContaining([
      ['Capture rows', ['write the rows of sql/rows.sql into the evidence; nothing changes']],
      [
        'Run sql/step.sql, in one transaction',
        ['write the rows of sql/rows.sql into the evidence first; no other row changes', '<sql>'],
      ],
      [
        'Drain',
        [
          'wait until sql/count.sql gives 0, 5m at most',
          'then cancel what is left:',
          'write the rows of sql/rows.sql into the evidence first; no other row changes',
          '<sql>',
        ],
      ],
    ]),
  )
})
