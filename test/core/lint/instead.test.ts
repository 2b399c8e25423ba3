import { Command } from 'commander'
import { parse as parseSql } from 'pgsql-parser'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { recordCommand } from '#cli/commands/record.ts'
import { runCommand } from '#cli/commands/runs.ts'
import { snapshotCommands } from '#cli/commands/snapshots.ts'
import { RULES } from '#core/lint/lint.ts'
import { explain } from '#core/plan/explain.ts'
import { PlanFile } from '#core/plan/schema.ts'
import { parseYaml } from '#core/plan/yaml.ts'
import { SMALL_PLAN } from '#test/core/plan/folder.ts'

/** `#` begins what is said about it. */
const said = RULES.map(({ name, instead }) => ({ name, text: (instead.split('  # ')[0] ?? '').trim() }))
const inPlan = said.filter(({ text }) => /^[a-z-]+: [[{]/.test(text))
const ours = said.filter(({ text }) => text.startsWith('vector-rollback '))
/** Tools of others, and SQL. */
const others = said.filter((one) => !inPlan.includes(one) && !ours.includes(one))

type Tree = { [key: string]: unknown }
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value)
const into = (plan: Tree, more: Tree): Tree => ({
  ...plan,
  ...Object.fromEntries(
    Object.entries(more).map(([key, value]) => {
      const before = plan[key]
      return [key, isTree(before) && isTree(value) ? into(before, value) : value]
    }),
  ),
})

/** Lines of a plan leave out what is not about them: who is told, and what people read. */
const SAID_ELSEWHERE: Readonly<Record<string, Tree>> = {
  checks: { describe: 'It is so.', after: ['flag'] },
  signals: { describe: 'It is so.' },
}

const planWith = (lines: Tree): Tree => {
  const { steps, ...rest } = lines
  const named = Object.fromEntries(
    Object.entries(rest).map(([key, value]) => {
      const more = SAID_ELSEWHERE[key]
      const filled =
        more && isTree(value) ? Object.entries(value).map(([name, one]) => [name, { ...more, ...(one as Tree) }]) : null
      return [key, filled ? Object.fromEntries(filled) : value]
    }),
  )
  const partial = steps === undefined ? {} : { paths: { partial: { steps } } }
  return into(into(parse(SMALL_PLAN), named), partial)
}

describe('what a rule says to do instead', () => {
  test.each(inPlan)('is taken by the schema of plans: $name', ({ text }) => {
    const lines: unknown = parse(text)
    if (!isTree(lines)) throw new Error(`"${text}" is no mapping`)
    const read = PlanFile.safeParse(planWith(lines))
    expect(read.success ? [] : explain(read.error, PlanFile, 'plan.yaml', parseYaml('plan.yaml', ''))).toEqual([])
  })

  const program = new Command('vector-rollback')
  for (const add of [runCommand, recordCommand, snapshotCommands]) add(program)

  test.each(ours)('is a command that there is, with options that it takes: $name', ({ text }) => {
    let command = program
    const words = text.split(' ').slice(1)
    for (const word of words) command = command.commands.find((one) => one.name() === word) ?? command
    expect(command).not.toBe(program)
    const options = command.options.flatMap(({ long }) => long ?? [])
    expect(options).toEqual(expect.arrayContaining(words.filter((word) => word.startsWith('--'))))
    for (const { long, mandatory } of command.options) if (mandatory) expect(words).toContain(long)
    // A name in angle brackets for each argument.
    const values = words.filter((word) => /^<.+>$/.test(word))
    expect(values.length).toBeGreaterThanOrEqual(command.registeredArguments.filter(({ required }) => required).length)
  })

  test.each(others)('is SQL that PostgreSQL can parse, or another tool by its command: $name', async ({ text }) => {
    if (text.startsWith('select ')) expect((await parseSql(text)).stmts).toHaveLength(1)
    else expect(text).toMatch(/^(npx cdk deploy|git checkout|aws logs) \S/)
  })

  test('covers every rule', () => {
    expect(inPlan.length).toBeGreaterThan(30)
    expect(inPlan.length + ours.length + others.length).toBe(RULES.length)
  })
})
