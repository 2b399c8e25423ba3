import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { allPlans } from '#cli/plans.ts'
import { placedSteps } from '#core/plan/every-step.ts'
import { loadPlan, PLAN_FILE } from '#core/plan/load.ts'
import { PlanFile } from '#core/plan/schema.ts'
import { parseYaml } from '#core/plan/yaml.ts'
import { removalsOf } from '#test/mutate/removals.ts'

const PLANS = await allPlans()

test('a verification is repeated when it ends a path, and each of its checks is asked after that path', async () => {
  const folder = PLANS.find((one) => one.endsWith('memory-chunks')) ?? ''
  const plan = await loadPlan(folder)
  const text = await readFile(join(folder, PLAN_FILE), 'utf8')
  const repeated = (of: Pick<PlanFile, 'paths' | 'checks'>) =>
    removalsOf(of, text).flatMap((one) => (one.repeated ? [one.place] : []))
  expect(repeated(plan)).toEqual(['paths.partial.steps[1] verify'])
  const { 'no-vector-index': check, ...others } = plan.checks
  if (!check) throw new Error('the plan has this check')
  expect(repeated({ ...plan, checks: { ...others, 'no-vector-index': { ...check, after: ['restore'] } } })).toEqual([])
})

describe.each(PLANS)('%s', (folder) => {
  test('is tried without each of its steps, and is otherwise what it was', async () => {
    const plan = await loadPlan(folder)
    const text = await readFile(join(folder, PLAN_FILE), 'utf8')
    const removals = removalsOf(plan, text)
    const steps = placedSteps(plan)
    expect(removals).toHaveLength(steps.length)
    for (const [index, removal] of removals.entries()) {
      const without = PlanFile.parse(parseYaml(PLAN_FILE, removal.text).value)
      const rest = placedSteps(without).map(({ step }) => step)
      const expected = steps.flatMap(({ step }, at) => (at === index ? [] : [step]))
      // In place of the only step of a list stands one that changes nothing.
      expect(rest.length - expected.length).toBeOneOf([0, 1])
      expect(rest.filter((step) => expected.some((one) => JSON.stringify(one) === JSON.stringify(step)))).toHaveLength(
        expected.length,
      )
      expect({ ...without, paths: null }).toEqual({ ...PlanFile.parse(parseYaml(PLAN_FILE, text).value), paths: null })
    }
  })
})
