import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { postgres } from '#aws/postgres.ts'
import type { IncidentId, Path } from '#core/names.ts'
import { loadPlan } from '#core/plan/load.ts'
import { outcomeOf } from '#local/outcome.ts'
import { startStack } from '#local/stack.ts'
import { startStandIn } from '#local/stand-in.ts'
import type { CommandOptions } from '#test/faults/command.ts'
import { type EndState, endStateOf } from '#test/faults/end-state.ts'
import { copyScene, freshScene, type Scene } from '#test/faults/scene.ts'
import { run } from '#test/postgres/ddl-roundtrip-schema.ts'
import { EVERYBODY, PLAN, PLAN_FOLDER } from '#test/support/paths.ts'

/** Where a system can stand, to start from, and what an undisturbed run makes of it. */
export interface Stages {
  /** In service, never rolled back. */
  readonly fresh: Scene
  readonly partial: Scene
  readonly full: Scene
  readonly purged: Scene
  /** In service again after a full rollback, whose snapshot is there, with rows that went wrong since. */
  readonly spoiled: Scene
  readonly after: Readonly<
    Record<'nothing' | 'partial' | 'full' | 'purge' | 'rebuild' | 'undo' | 'restore' | 'replace', EndState>
  >
  /** The plans, with a purge and a re-enabling that need no waiting. */
  readonly plans: string
  drop(): Promise<void>
}

/** Of the undisturbed full rollback. */
export const SNAPSHOT = 'undisturbed-full'
const SPOIL = `update public.embeddings set model = 'wrong' where id in (select id from public.embeddings order by id limit 9)`

/** What a process of its own would wait for: the retention before a purge, the holds of a ramp. */
const WAITS = [
  ['purge: { after: 7d,', 'purge: { after: 0s,'],
  ['      ramp: { steps: [5, 25, 50, 100], hold: 10m, every: 1m }\n', ''],
] as const

/** A copy of the plans, in a folder of its own. */
export const plansWithoutWaiting = async (): Promise<string> => {
  const house = await mkdtemp(join(tmpdir(), 'vector-rollback-plans-'))
  const plans = join(house, 'plans')
  await cp(dirname(PLAN_FOLDER), plans, { recursive: true })
  // The stand-in of the application among them imports from the house.
  const root = dirname(dirname(PLAN_FOLDER))
  for (const name of ['package.json', 'core', 'node_modules']) await symlink(join(root, name), join(house, name))
  const file = join(plans, PLAN, 'plan.yaml')
  const text = WAITS.reduce(
    (plan, [from, to]) => {
      if (!plan.includes(from)) throw new Error(`"${from}" is not in ${file}`)
      return plan.replace(from, to)
    },
    await readFile(file, 'utf8'),
  )
  await writeFile(file, text)
  return plans
}

/** One run to its end, in this process. */
const undisturbed = async (
  { db, state }: Scene,
  path: Path,
  { plans, snapshot }: CommandOptions = {},
): Promise<void> => {
  const stack = await startStack({
    directory: state,
    environment: 'local',
    database: { url: db.url },
    ...(plans ? { plansDirectory: plans } : {}),
    ...(plans || snapshot ? { approvers: () => EVERYBODY } : {}),
  })
  try {
    const plan = await loadPlan(PLAN_FOLDER)
    const app = await startStandIn(plan, { stack, database: postgres({ url: db.url }), environment: 'local' })
    stack.endsWith(() => app.close())
    // A name runs once, and a restore came before.
    const incident = `undisturbed-${snapshot ? 'replace' : path}` as IncidentId
    const { arn } = await stack.execute(incident, {
      ...{ plan: PLAN, path, reason: 'a test' },
      ...(snapshot ? { snapshot } : {}),
    })
    const { problem } = await outcomeOf(arn, incident, stack)
    if (problem) throw new Error(`${problem.error}: ${problem.text}`)
  } finally {
    await stack.close()
  }
}

export const makeStages = async (): Promise<Stages> => {
  const scenes: Scene[] = []
  const plans = await plansWithoutWaiting()
  const drop = async () => {
    for (const scene of scenes.splice(0).reverse()) await scene.drop()
    await rm(dirname(plans), { recursive: true, force: true })
  }
  const kept = (scene: Scene): Scene => {
    scenes.push(scene)
    return scene
  }
  const then = async (scene: Scene, path: Path, options: CommandOptions = {}): Promise<Scene> => {
    const next = kept(await copyScene(scene))
    await undisturbed(next, path, path === 'purge' ? { plans } : options)
    return next
  }
  try {
    const fresh = kept(await freshScene())
    const partial = await then(fresh, 'partial')
    const full = await then(fresh, 'full')
    const purged = await then(full, 'purge')
    const undone = await then(full, 'restore')
    const spoiled = kept(await copyScene(undone))
    await run(spoiled.db.superuserUrl, [SPOIL])
    const after = {
      nothing: await endStateOf(fresh),
      partial: await endStateOf(partial),
      full: await endStateOf(full),
      purge: await endStateOf(purged),
      rebuild: await endStateOf(await then(partial, 'restore')),
      undo: await endStateOf(undone),
      restore: await endStateOf(await then(purged, 'restore')),
      replace: await endStateOf(await then(spoiled, 'restore', { plans, snapshot: SNAPSHOT })),
    }
    return { fresh, partial, full, purged, spoiled, after, plans, drop }
  } catch (error) {
    await drop()
    throw error
  }
}
