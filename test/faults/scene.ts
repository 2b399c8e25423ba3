import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import { fixtureOf } from '#core/plan/fixture.ts'
import { startStack } from '#local/stack.ts'
import { run } from '#test/postgres/ddl-roundtrip-schema.ts'
import { createDatabase, type TestDatabase } from '#test/support/database.ts'
import { PLAN, PLAN_FOLDER } from '#test/support/paths.ts'

export const ROWS = 300
/** The command line calls its environment `local`. */
export const LOCAL_FLAG = '/app/local/VECTOR_SEARCH_ENABLED'

/** A database and the state directory of its runs: together they are all that there is. */
export interface Scene {
  readonly db: TestDatabase
  readonly state: string
  drop(): Promise<void>
}

const temporary = () => mkdtemp(join(tmpdir(), 'vector-rollback-faults-'))

const sceneOf = (db: TestDatabase, state: string): Scene => ({
  db,
  state,
  drop: async () => {
    await db.drop()
    await rm(state, { recursive: true, force: true })
  },
})

/** The fixture of the plan, in service: nothing was ever rolled back, and the flag is on. */
export const freshScene = async (): Promise<Scene> => {
  const db = await createDatabase()
  const fixture = await fixtureOf(PLAN_FOLDER)
  await postgres({ url: db.url }).session({ applicationName: 'fixture', statementTimeout: 0 }, (session) =>
    fixture.load(session, { rows: ROWS }),
  )
  const scene = sceneOf(db, await temporary())
  const stack = await startStack({ directory: scene.state, environment: 'local', database: { url: db.url } })
  await stack.flags.write(LOCAL_FLAG as never, 'true')
  await stack.close()
  return scene
}

/** The same once more, independent of the first, whose owner drops it last. Nobody may be connected to the original. */
export const copyScene = async ({ db, state }: Scene): Promise<Scene> => {
  const copy = sceneOf(await createDatabase({ template: db }), await temporary())
  // The sentinel: a comment belongs to the server, and is not copied.
  await run(copy.db.url, [`comment on database ${copy.db.name} is '${PLAN}'`])
  await cp(state, copy.state, { recursive: true })
  return copy
}

/** A copy for one test. */
export const sceneForTest = async (scene: Scene): Promise<Scene> => {
  const copy = await copyScene(scene)
  onTestFinished(() => copy.drop())
  return copy
}
