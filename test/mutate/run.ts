import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readProofs } from '#cli/coverage/proofs.ts'
import { allPlans, findPlan } from '#cli/plans.ts'
import { digestOf } from '#core/json.ts'
import { loadPlan, PLAN_FILE, type Plan } from '#core/plan/load.ts'
import { type Proving, runProving } from '#test/mutate/proving-tests.ts'
import { type Removal, removalsOf } from '#test/mutate/removals.ts'
import { type Result, Results } from '#test/mutate/results.ts'
import { copyTree, type Tree } from '#test/mutate/tree.ts'

/**
 * `npm run mutate`: takes each step out of each plan, in a copy of the project, and expects one of the tests that are named for
 * the requirements of the plan to fail. What survives is a step that no test would miss. A night's work: what was found is
 * kept, and not tried again unless the plan or its tests were changed, or `--again` is given. See docs/coverage.md.
 */
const { values: options } = parseArgs({
  options: {
    plan: { type: 'string', multiple: true },
    limit: { type: 'string' },
    again: { type: 'boolean', default: false },
    results: { type: 'string', default: join('test-output', 'mutations.json') },
  },
})

const TESTS = join(import.meta.dirname, '..')
const WHOLE = 'nothing'

interface Subject {
  readonly plan: Plan
  readonly digest: string
  readonly proving: Proving
  readonly removals: readonly Removal[]
}

const proofs = await readProofs(TESTS)
const readSubject = async (folder: string): Promise<Subject> => {
  const plan = await loadPlan(folder)
  const files = [...new Set(plan.covers.flatMap((id) => proofs.get(id) ?? []))].sort()
  const texts = await Promise.all(files.map((file) => readFile(join(TESTS, file), 'utf8')))
  return {
    plan,
    digest: digestOf([plan.digest, ...texts]),
    proving: { files, ids: [...plan.covers, ...plan.applies] },
    removals: removalsOf(plan, await readFile(join(folder, PLAN_FILE), 'utf8')),
  }
}

const results = await Results.open(options.results)

type Found = Pick<Result, 'outcome' | 'by'>
const timed = async ({ plan, digest }: Subject, place: string, work: () => Promise<Found>): Promise<void> => {
  const began = performance.now()
  const { outcome, by } = await work()
  const seconds = Math.round((performance.now() - began) / 1000)
  await results.add({ plan: plan.name, digest, place, outcome, by, seconds, at: new Date().toISOString() })
  process.stdout.write(`${outcome.padEnd(9)}${plan.name} without ${place}  ${by}\n`)
}

/** With a test that fails anyway every step would look missed. */
const whole = async (tree: Tree, { plan, proving }: Subject): Promise<Found> => {
  await tree.reset(plan.name)
  const { passed, failed } = await runProving(tree.root, proving)
  const [first] = failed
  if (first || passed === 0) {
    const why = first ? `${first.title}: ${first.how}` : 'there are none'
    throw new Error(`The tests of "${plan.name}" do not pass with all steps: ${why}`)
  }
  return { outcome: 'whole', by: `${passed} tests passed` }
}

const without = async (tree: Tree, { plan, proving }: Subject, { text, repeated }: Removal): Promise<Found> => {
  if (repeated) return { outcome: 'repeated', by: 'its checks are asked after the path anyway' }
  const why = await tree.write(plan.name, text)
  if (why !== null) return { outcome: 'refused', by: why }
  const { failed } = await runProving(tree.root, proving)
  const by = failed.find(({ proves }) => proves)
  return by ? { outcome: 'missed', by: `${by.title}: ${by.how}` } : { outcome: 'survived', by: '' }
}

const folders = options.plan ? await Promise.all(options.plan.map((name) => findPlan(name))) : await allPlans()
let limit = options.limit === undefined ? Number.POSITIVE_INFINITY : Number(options.limit)
let survived = 0
const tree = await copyTree()
try {
  for (const folder of folders) {
    const subject = await readSubject(folder)
    const { plan, digest, removals } = subject
    results.keepOnly(plan.name, options.again ? null : digest)
    const known = new Set(results.of(plan.name).map(({ place }) => place))
    const open = removals.filter(({ place }) => !known.has(place))
    const now = open.slice(0, limit)
    limit -= now.length
    if (now.length > 0 && !known.has(WHOLE)) await timed(subject, WHOLE, () => whole(tree, subject))
    for (const removal of now) await timed(subject, removal.place, () => without(tree, subject, removal))
    await tree.reset(plan.name)
    const count = (outcome: Result['outcome']) => results.of(plan.name).filter((one) => one.outcome === outcome).length
    survived += count('survived')
    process.stdout.write(
      `${plan.name}: of ${removals.length} steps ${count('missed')} are missed, ${count('refused')} refused, ${count('repeated')} repeated, ${count('survived')} survived, ${open.length - now.length} not tried yet\n`,
    )
  }
} finally {
  await tree.remove()
}
process.exitCode = survived > 0 ? 1 : 0
