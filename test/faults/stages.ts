import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { IncidentId, Path } from '#core/names.ts'
import { outcomeOf } from '#local/outcome.ts'
import { startStack } from '#local/stack.ts'
import { type EndState, endStateOf } from '#test/faults/end-state.ts'
import { copyScene, freshScene, type Scene } from '#test/faults/scene.ts'
import { EVERYBODY, PLAN, PLAN_FOLDER } from '#test/support/paths.ts'

/** Where a system can stand, to start from, and what an undisturbed run makes of it. */
export interface Stages {
  /** In service, never rolled back. */
  readonly fresh: Scene
  readonly partial: Scene
  readonly full: Scene
  readonly purged: Scene
  readonly after: Readonly<Record<'nothing' | 'partial' | 'full' | 'purge' | 'rebuild' | 'undo' | 'restore', EndState>>
  /** The plans, with a purge that needs no waiting. */
  readonly plans: string
  drop(): Promise<void>
}

/** A copy of the plans, in a folder of its own. */
export const plansWithoutRetention = async (): Promise<string> => {
  const plans = await mkdtemp(join(tmpdir(), 'vector-rollback-plans-'))
  await cp(dirname(PLAN_FOLDER), plans, { recursive: true })
  const file = join(plans, PLAN, 'plan.yaml')
  const text = await readFile(file, 'utf8')
  const kept = 'purge: { after: 7d,'
  if (!text.includes(kept)) throw new Error(`"${kept}" is not in ${file}`)
  await writeFile(file, text.replace(kept, 'purge: { after: 0s,'))
  return plans
}

/** One run to its end, in this process. */
const undisturbed = async ({ db, state }: Scene, path: Path, plans?: string): Promise<void> => {
  const stack = await startStack({
    directory: state,
    environment: 'local',
    database: { url: db.url },
    ...(plans ? { plansDirectory: plans, approvers: () => EVERYBODY } : {}),
  })
  try {
    const incident = `undisturbed-${path}` as IncidentId
    const { arn } = await stack.execute(incident, { plan: PLAN, path, reason: 'a test' })
    const { problem } = await outcomeOf(arn, incident, stack)
    if (problem) throw new Error(`${problem.error}: ${problem.text}`)
  } finally {
    await stack.close()
  }
}

export const makeStages = async (): Promise<Stages> => {
  const scenes: Scene[] = []
  const plans = await plansWithoutRetention()
  const drop = async () => {
    for (const scene of scenes.splice(0).reverse()) await scene.drop()
    await rm(plans, { recursive: true, force: true })
  }
  const kept = (scene: Scene): Scene => {
    scenes.push(scene)
    return scene
  }
  const then = async (scene: Scene, path: Path): Promise<Scene> => {
    const next = kept(await copyScene(scene))
    await undisturbed(next, path, path === 'purge' ? plans : undefined)
    return next
  }
  try {
    const fresh = kept(await freshScene())
    const partial = await then(fresh, 'partial')
    const full = await then(fresh, 'full')
    const purged = await then(full, 'purge')
    const after = {
      nothing: await endStateOf(fresh),
      partial: await endStateOf(partial),
      full: await endStateOf(full),
      purge: await endStateOf(purged),
      rebuild: await endStateOf(await then(partial, 'restore')),
      undo: await endStateOf(await then(full, 'restore')),
      restore: await endStateOf(await then(purged, 'restore')),
    }
    return { fresh, partial, full, purged, after, plans, drop }
  } catch (error) {
    await drop()
    throw error
  }
}
