import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { readPlan } from '#core/plan/load.ts'

/** The smallest plan that has every path; 54 lines. */
export const SMALL_PLAN = `version: 1
name: small
title: A small plan
description: For tests.
database:
  sentinel: { sql: sql/sentinel.sql, equals: small }
  extension: { name: vector, versions: ">=0.5.0 <1" }
flags:
  SEARCH:
    parameter: /app/{env}/SEARCH
    safe: "false"
    on: "true"
    delivery: poll
    within: 15s
protects:
  tables: [public.embeddings]
  extension: vector
signals:
  slow:
    describe: Slow.
    probe: sql/slow.sql
    above: 30
    unit: seconds
    for: 2m
    severity: critical
decide:
  - when: slow
    path: full
    contain: immediately
    within: 15m
    approve: [lead]
paths:
  flag: { budget: 1m }
  partial:
    steps:
      - drop-indexes: { indexes: [public.embeddings_idx] }
      - run-sql: { file: sql/step.sql }
      - verify: { checks: [answers] }
    budget: 10m
  full:
    retire: [public.embeddings]
    purge: { after: 7d, approve: [lead], within: 24h, extension: keep }
    budget: 30m
  restore:
    budget: 2h
    re-enable: { approve: [lead], gates: [Fixed.] }
checks:
  answers:
    describe: It answers.
    sql: sql/answers.sql
    expect: { value: 1 }
    after: [flag]
contacts:
  lead:
    name: Lead
    reach: [chat]
`

const SMALL_SQL = {
  'sql/sentinel.sql': "select 'small' as plan;\n",
  'sql/slow.sql': 'select 0 as seconds;\n',
  'sql/step.sql': 'comment on table public.embeddings is null;\n',
  'sql/answers.sql': 'select 1 as answer;\n',
}

/** A piece of text of the small plan, and what stands there instead. */
export type Edit = readonly [from: string, to: string]

/** The small plan with pieces of its text replaced; every piece must be there. */
export const edited = (...edits: readonly Edit[]): string =>
  edits.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`"${from}" is not in the small plan`)
    return text.replace(from, to)
  }, SMALL_PLAN)

/** A folder `small` with the small plan, and other files instead or as well; `null` leaves one out. */
export const planFolder = async (files: Readonly<Record<string, string | Uint8Array | null>> = {}): Promise<string> => {
  const parent = await mkdtemp(join(tmpdir(), 'vector-rollback-plan-'))
  onTestFinished(() => rm(parent, { recursive: true, force: true }))
  const directory = join(parent, 'small')
  for (const [name, content] of Object.entries({ 'plan.yaml': SMALL_PLAN, ...SMALL_SQL, ...files })) {
    if (content === null) continue
    await mkdir(dirname(join(directory, name)), { recursive: true })
    await writeFile(join(directory, name), content)
  }
  return directory
}

/** `file:line:column message fix` of each problem. */
export const shown = (
  problems: readonly { file: string; line: number; column: number; message: string; fix: string }[],
): string[] => problems.map(({ file, line, column, message, fix }) => `${file}:${line}:${column} ${message} ${fix}`)

/** The problems of the small plan with pieces of its text replaced. */
export const problemsWith = async (...edits: readonly Edit[]): Promise<string[]> =>
  shown((await readPlan(await planFolder({ 'plan.yaml': edited(...edits) }))).problems)
