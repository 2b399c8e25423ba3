import { appendFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { planFolder as plansOf } from '#functions/plans.ts'
import { edited, planFolder } from '#test/core/plan/folder.ts'

it('a plan is read once, and again as soon as one of its files was edited', async () => {
  const folder = await planFolder({ 'plan.yaml': edited() })
  const plans = plansOf(() => dirname(folder))
  const first = await plans.load(basename(folder))
  expect(await plans.load(basename(folder))).toBe(first)
  await appendFile(join(folder, 'plan.yaml'), '# edited\n')
  const second = await plans.load(basename(folder))
  expect(second.digest).not.toBe(first.digest)
})

it('a plan that could not be read is read again', async () => {
  const folder = await planFolder({ 'plan.yaml': edited() })
  const plans = plansOf(() => dirname(folder))
  await appendFile(join(folder, 'plan.yaml'), 'nonsense: true\n')
  await expect(plans.load(basename(folder))).rejects.toMatchObject({ name: 'Plan.Invalid' })
  await expect(plans.load(basename(folder))).rejects.toMatchObject({ name: 'Plan.Invalid' })
})
