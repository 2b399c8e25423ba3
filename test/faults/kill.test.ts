import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { Path } from '#core/names.ts'
import { type Instant, killInState, killOnWire, runCommand } from '#test/faults/command.ts'
import { endStateOf } from '#test/faults/end-state.ts'
import { sceneForTest } from '#test/faults/scene.ts'
import { makeStages, SNAPSHOT, type Stages } from '#test/faults/stages.ts'
import { startWire } from '#test/faults/wire.ts'
import { describePostgres } from '#test/support/database.ts'

type Stage = 'fresh' | 'partial' | 'full' | 'purged' | 'spoiled'
type After = keyof Stages['after']

/** Every state that does something, in the order in which a run comes through them. */
const STATES: readonly [what: string, Path, Stage, After, states: string[]][] = [
  [
    'the full path',
    'full',
    'fresh',
    'full',
    [
      ...['Open incident', 'Preserve evidence', 'Retire', 'List parts', 'Snapshot each part', 'Seal snapshot'],
      ...['Verify snapshot', 'Verify each part', 'Verify', 'Report'],
    ],
  ],
  ['the partial path', 'partial', 'fresh', 'partial', ['Run step']],
  [
    'a purge',
    'purge',
    'full',
    'purge',
    ['Choose what to purge', 'Verify before purge', 'Verify each part', 'Ask to purge', 'Purge'],
  ],
  ['a restore of dropped indexes', 'restore', 'partial', 'rebuild', ['Choose what to restore', 'Build indexes']],
  ['a restore of retired tables', 'restore', 'full', 'undo', ['Undo the retirement', 'Build indexes', 'Verify']],
  [
    'a restore from a snapshot',
    'restore',
    'purged',
    'restore',
    ['Prepare restore', 'Load each part', 'Add constraints', 'Build indexes', 'Compare', 'Swap in'],
  ],
  [
    'a restore over what went wrong',
    'restore',
    'spoiled',
    'replace',
    [
      ...['Choose what to restore', 'Prepare restore', 'Compare', 'Set aside what is there', 'Ask to replace'],
      ...['Swap in', 'Verify'],
    ],
  ],
]

/** Moments at which it matters most whether the server has heard, and whether the run knows. */
const INSTANTS: readonly [what: string, Path, Stage, After, Instant][] = [
  [
    'the move of the tables is not committed yet',
    'full',
    'fresh',
    'full',
    ['before', 'insert into "vector_rollback_retired"', 'commit'],
  ],
  [
    'the move of the tables is committed, and the run does not know',
    'full',
    'fresh',
    'full',
    ['after', 'insert into "vector_rollback_retired"', 'commit'],
  ],
  ['a part is on its way to the bucket', 'full', 'fresh', 'full', ['after', 'copy (select']],
  [
    'the move back is committed, and the run does not know',
    'restore',
    'full',
    'undo',
    ['after', 'set undone_at', 'commit'],
  ],
  [
    'the foreign keys that came back are not validated yet',
    'restore',
    'full',
    'undo',
    ['before', 'validate constraint'],
  ],
  ['the purge is not committed yet', 'purge', 'full', 'purge', ['before', 'set purged_at', 'commit']],
  ['the purge is committed, and the run does not know', 'purge', 'full', 'purge', ['after', 'set purged_at', 'commit']],
  ['a part is on its way to its side table', 'restore', 'purged', 'restore', ['after', 'from stdin']],
  [
    'the swap is committed, and the run does not know',
    'restore',
    'purged',
    'restore',
    ['after', 'set schema "public"', 'commit'],
  ],
  [
    'what is there is set aside, and the run does not know',
    'restore',
    'spoiled',
    'replace',
    ['after', 'insert into "vector_rollback_retired"', 'commit'],
  ],
  [
    'what was set aside is replaced, and the run does not know',
    'restore',
    'spoiled',
    'replace',
    ['after', 'jsonb_build_object(', 'commit'],
  ],
  [
    'the side schema is not cleared away yet',
    'restore',
    'purged',
    'restore',
    ['before', 'drop schema "vector_rollback_restore'],
  ],
]

describePostgres(
  'a run that is killed, and started again with the same command, ends as if nothing had happened',
  () => {
    let stages: Stages
    beforeAll(async () => {
      stages = await makeStages()
    })
    afterAll(() => stages?.drop())

    const optionsOf = (path: Path, stage: Stage) =>
      path === 'purge'
        ? { plans: stages.plans }
        : stage === 'spoiled'
          ? { plans: stages.plans, snapshot: SNAPSHOT }
          : {}

    test('without a kill, each restore gives back what was in service', () => {
      const { nothing, rebuild, undo, restore } = stages.after
      for (const { schema, tables, leftovers, leaseReleased } of [rebuild, undo, restore]) {
        expect({ schema, tables, leftovers }).toEqual({ schema: nothing.schema, tables: nothing.tables, leftovers: [] })
        expect(leaseReleased).toBe(true)
      }
    })

    test.for(STATES)('%s, killed in each of its states in turn', async ([, path, stage, after, states]) => {
      const scene = await sceneForTest(stages[stage])
      const options = optionsOf(path, stage)
      for (const state of states) await killInState(scene, path, state, options)
      await runCommand(scene, path, options)
      expect(await endStateOf(scene)).toEqual(stages.after[after])
    })

    test.for(INSTANTS)('killed while %s', async ([, path, stage, after, instant]) => {
      const scene = await sceneForTest(stages[stage])
      const wire = await startWire(scene.db.url)
      onTestFinished(() => wire.close())
      const options = optionsOf(path, stage)
      await killOnWire(scene, path, instant, { ...options, wire })
      await runCommand(scene, path, options)
      expect(await endStateOf(scene)).toEqual(stages.after[after])
    })
  },
)
