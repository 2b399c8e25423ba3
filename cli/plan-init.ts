import { mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { postgres } from '#aws/postgres.ts'
import { RollbackError } from '#core/errors.ts'
import type { Table } from '#core/names.ts'
import { checkPlan } from '#core/plan/check.ts'
import { printProblem } from '#core/plan/problem.ts'
import { PlanNameText, parseTable, writeTable } from '#core/plan/vocabulary.ts'
import { type FirstPlan, firstPlan } from '#core/plan-init/files.ts'
import { readFacts } from '#core/plan-init/read-facts.ts'
import { readOnly } from '#core/preview/read-only.ts'
import { sqlState } from '#core/sql/errors.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { SHIPPED } from './plans.ts'

export interface PlanInitOptions {
  readonly fromDatabase: string
  readonly tables?: readonly Table[]
  readonly plans?: string
}

const usage = (name: `${string}.${string}`, message: string, fix: string) =>
  new RollbackError(name, message, { fix, category: 'usage' })

/** `public.a,"Odd, schema"."B"`: commas in quotes do not divide. Throws `Usage.Invalid`. */
export const tablesOf = (text: string): Table[] =>
  (text.match(/(?:"(?:[^"]|"")*"|[^,"])+/g) ?? []).map((part) => {
    const table = parseTable(part.trim())
    if (table !== null) return table
    throw usage(
      'Usage.Invalid',
      `"${part.trim()}" is not a schema and a name.`,
      'Write --tables public.documents,\'"Schema"."Name"\': with the schema, in double quotes where SQL needs them.',
    )
  })

/** insufficient_privilege: the server lets everybody read its catalogue, but for the state of sequences. */
const mayNotLook = (label: string, cause: unknown) =>
  new RollbackError('PlanInit.MayNotLook', `This role may not see all of "${label}" that a plan needs.`, {
    fix: 'Ask as the owner of the tables or as the master user, or grant this role USAGE on the schemas and SELECT on their sequences. Nothing was written.',
    category: 'refused',
    cause,
  })

const requireName = (name: string): void => {
  const parsed = PlanNameText.safeParse(name)
  if (parsed.success) return
  throw usage(
    'Usage.Invalid',
    `"${name}" is not a plan name.`,
    'Use lower-case words joined by dashes, 32 characters at most: document-search.',
  )
}

const requireFree = async (folder: string): Promise<void> => {
  const found = await stat(folder).catch(() => null)
  if (found === null) return
  throw usage(
    'PlanInit.Exists',
    `There is "${folder}" already.`,
    'Nothing was written. Choose another name, or move it away first: what people wrote there is not overwritten.',
  )
}

const write = async (folder: string, { files }: FirstPlan): Promise<void> => {
  await mkdir(dirname(folder), { recursive: true })
  // Not recursive: whoever made it in the meantime keeps it.
  await mkdir(folder)
  try {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true })
      await writeFile(join(folder, name), text, { flag: 'wx' })
    }
    const problems = await checkPlan(folder)
    if (problems.length === 0) return
    const lines = problems.map((problem) => printProblem(folder, problem)).join('\n')
    throw new RollbackError('PlanInit.NotRight', `The plan that was written is not right:\n${lines}`, {
      fix: 'This is a mistake of vector-rollback, and nothing of it was kept: report these lines.',
    })
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

/** `vector-rollback plan init`: a first plan from the catalogue of a live database, which is only read. */
export const planInit = async (name: string, options: PlanInitOptions): Promise<ExitCode> => {
  requireName(name)
  const folder = join(resolve(options.plans ?? SHIPPED), name)
  await requireFree(folder)
  const database = postgres({ url: options.fromDatabase })
  const facts = await readOnly(database, (session) =>
    session.transaction(() => readFacts(session, database.label, options.tables ?? []), {
      isolation: 'repeatable read',
      readOnly: true,
    }),
  ).catch((error: unknown) => {
    throw sqlState(error) === '42501' ? mayNotLook(database.label, error) : error
  })
  const plan = firstPlan(name, facts)
  await write(folder, plan)
  const shown = relative('', folder) || '.'
  const lines = [
    `${shown}: a plan for ${facts.tables.map(({ table }) => writeTable(table)).join(', ')} of ${database.label}`,
    '',
    'Fill in:',
    ...plan.fillIn.map((each) => `- ${each}`),
    '',
    'Then:',
    ...['check', 'preview --path full --database-url "$URL"'].map((step) => {
      const [verb = '', ...more] = step.split(' ')
      return `  vector-rollback plan ${[verb, shown.includes('/') ? shown : `./${shown}`, ...more].join(' ')}`
    }),
    `  vector-rollback drill ${shown.includes('/') ? shown : `./${shown}`}`,
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
  return EXIT.ok
}
