import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Path, PlanName } from '#core/names.ts'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import type { Preview } from '#core/preview/model.ts'
import { previewOnDatabase } from '#core/preview/preview.ts'
import { retire } from '#core/retire/retire.ts'
import { undoRetire } from '#core/retire/undo.ts'
import { edited, planFolder } from '#test/core/plan/folder.ts'
import { ALLOWED, createDependentWorld } from '#test/postgres/dependents-schema.ts'
import { RETIREMENT, type World } from '#test/postgres/snapshot-world.ts'
import { realClock as clock } from '#test/support/clock.ts'
import { describePostgres } from '#test/support/database.ts'

describePostgres('a preview of tables that views, functions and publications depend on', () => {
  let world: World
  beforeAll(async () => {
    world = await createDependentWorld()
    await world.session((s) => s.script('create table public.embeddings ()'))
  })
  afterAll(() => world.close())

  const planThatAllows = async (allow: readonly string[], after: string): Promise<Plan> =>
    loadPlan(
      await planFolder({
        'plan.yaml': edited(
          ['tables: [public.embeddings]', 'tables: [public.embeddings, public.items, public.notes]'],
          ['retire: [public.embeddings]', `retire: [public.items, public.notes]\n    allow: ${JSON.stringify(allow)}`],
          ['after: 7d', `after: ${after}`],
        ),
      }),
    )
  const look = async (path: Path, allow: readonly string[], after = '0s') =>
    previewOnDatabase(await planThatAllows(allow, after), path, world.database, {
      now: new Date(Date.now() + 60_000),
    })
  const statements = ({ stages }: Preview, title: string): string[] =>
    stages
      .filter((stage) => stage.title.startsWith(title))
      .flatMap(({ lines }) => lines.map((line) => (line.kind === 'statement' ? line.sql : line.text)))

  test('names what the plan does not allow, by the name that allows it', async () => {
    const { refusals } = await look('full', [])
    for (const object of ALLOWED) {
      expect(refusals).toContainEqual(
        expect.objectContaining({ name: 'Retire.Refused', fix: expect.stringContaining(JSON.stringify(object)) }),
      )
    }
  })

  test('shows what goes along, and how a purge would drop it: each by its name', async () => {
    const found = await look('full', ALLOWED)
    expect(found.refusals).toEqual([])
    for (const object of ALLOWED) {
      expect(found.notes).toContainEqual(expect.stringContaining(`"${object}" goes along`))
    }
    expect(statements(found, 'Retire')).toEqual(
      expect.arrayContaining([
        'alter publication "feed" drop table only "public"."items"',
        expect.stringMatching(/^alter table "public"\."recent" rename to /),
        expect.stringMatching(/^alter routine "public"\."newest"\(how_many integer\) rename to /),
      ]),
    )
    const purge = statements(found, 'Purge')
    expect(purge.at(-1)).toBe('drop table "public"."items", "public"."notes"')
    expect(purge).toEqual(
      expect.arrayContaining([
        'drop view "public"."recent"',
        'drop materialized view "public"."nearest"',
        'drop routine "public"."newest"(how_many integer)',
      ]),
    )
    expect(purge.join()).not.toContain('cascade')
    expect(found.destroys).toMatchObject({
      objects: expect.arrayContaining(['view public.recent', 'materialized view public.nearest']),
    })
  })

  test('shows what undo would move back, and what a purge of the retired would drop', async () => {
    const plan = 'small' as PlanName
    await world.session((s) => retire(s, { plan, retirement: RETIREMENT, tables: world.tables, allow: ALLOWED, clock }))
    const back = statements(await look('restore', ALLOWED), 'Undo')
    expect(back).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/rename to "recent"$/),
        'alter publication "feed" add table only "public"."items" ("id", "note") where ((id > 5))',
      ]),
    )
    const found = await look('purge', ALLOWED)
    expect(found.refusals).toEqual([])
    expect(statements(found, 'Choose')).toContainEqual(expect.stringMatching(/, which was view public\.recent$/))
    expect(statements(found, 'Purge').filter((text) => text.startsWith('drop '))).toHaveLength(10)
    await world.session((s) => undoRetire(s, { retirement: RETIREMENT, clock }))
  })
})
