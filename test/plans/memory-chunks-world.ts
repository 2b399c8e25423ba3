import { fileURLToPath } from 'node:url'
import { drillAws } from '#cli/drill-aws.ts'
import { keys } from '#core/incident/keys.ts'
import { readJson } from '#core/json.ts'
import type { FlagPath } from '#core/names.ts'
import { loadPlan } from '#core/plan/load.ts'
import type { RunReport } from '#core/report/model.ts'
import { dumpSchema } from '#test/postgres/ddl-roundtrip-schema.ts'
import { startWorld, type World } from '#test/support/paths.ts'

export const MEMORY_FOLDER = fileURLToPath(new URL('../../plans/memory-chunks', import.meta.url))
export const FLAG = '/app/test/MEMORY_ENABLED' as FlagPath
export const MIGRATED = '20251019_memory_schema_rls'
export const BEFORE = '20251005_conversations'
export const EVERYBODY = ['devops', 'dba'].map((role) => ({ role, name: `${role} in person` }))

/** The plan on its fixture with relay-api in the local AWS, memory on, and nobody there to approve. */
export const startMemory = async (rows: number, through?: (url: string) => Promise<string>): Promise<World> => {
  const world = await startWorld({ plan: 'memory-chunks', rows, ...(through ? { through } : {}) })
  await (await drillAws(world.stack, await loadPlan(MEMORY_FOLDER), 'test'))('partial')
  await world.stack.flags.write(FLAG, 'true')
  return world
}

export const revisionOf = async (world: World): Promise<string[]> =>
  (await world.query<{ v: string }>('select version_num as v from public.alembic_version')).map(({ v }) => v)
export const tableIsThere = async (world: World): Promise<boolean> =>
  (await world.query<{ there: boolean }>(`select to_regclass('public.memory_chunks') is not null as there`))[0]
    ?.there ?? false
const DIGEST = `
  select count(*)::int as rows, md5(string_agg(m::text, ',' order by id)) as digest from public.memory_chunks m`

/** Rows, schema and ledger as they are now. */
export const stateOf = async (world: World) => ({
  rows: await world.query<{ rows: number; digest: string }>(DIGEST),
  schema: await dumpSchema(world.db),
  revision: await revisionOf(world),
})

/** Milliseconds of the work of a run, without the half hour of watching. */
export const worked = (report: RunReport | null): number =>
  (report?.steps ?? []).filter(({ kind }) => kind !== 'watch').reduce((sum, { ms }) => sum + ms, 0)
export const statuses = (report: RunReport | null) => new Set(report?.checks.map(({ status }) => status))
export const detailOf = (report: RunReport | null, kind: string) =>
  report?.steps.find((step) => step.kind === kind)?.detail
export const evidenceOf = async (world: World, incident: string, name: string): Promise<unknown> =>
  (await readJson(world.stack.objects, `${keys.seen(incident as never)}${name}.json`))?.value
