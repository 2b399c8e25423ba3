import { loadPlan } from '#core/plan/load.ts'
import type { Database } from '#core/ports.ts'
import type { Stack } from '#local/stack.ts'
import { startStandIn } from '#local/stand-in.ts'
import { PLAN_FOLDER } from '#test/support/paths.ts'

/** Plays the application of pgvector-search until the stack ends: its checks and echoes ask it. */
export const playApplication = async (stack: Stack, database: Database, environment = 'test'): Promise<void> => {
  const app = await startStandIn(await loadPlan(PLAN_FOLDER), { stack, database, environment })
  stack.endsWith(() => app.close())
}
