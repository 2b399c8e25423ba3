import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { type Incident, readIncident } from '#core/incident/incident.ts'
import { keys } from '#core/incident/keys.ts'
import type { Run } from '#core/incident/run.ts'
import { readJson, writeJson } from '#core/json.ts'
import type { FlagPath, IncidentId, PlanName } from '#core/names.ts'
import { outcomeOf } from '#local/outcome.ts'
import { startWire, type Wire } from '#test/faults/wire.ts'
import { FLAG, PLAN, startWorld } from '#test/support/paths.ts'

const LEASE = keys.lease(PLAN as PlanName)

/** Tables that are out of reach. */
export const RETIRED = `select relname from pg_class where relname ~ '^r[0-9a-f]{12}_[0-9]+$' and relkind = 'r'`

/** The system of pgvector-search in normal service, with a wire between the functions and its database. */
export const startWired = async (plansDirectory?: string) => {
  let wire: Wire | undefined
  const world = await startWorld({
    rows: 60,
    ...(plansDirectory === undefined ? {} : { plansDirectory }),
    through: async (url) => {
      wire = await startWire(url)
      return wire.url
    },
  })
  if (!wire) throw new Error('the stack goes through the wire')
  const through: Wire = wire
  const { executions, flags, objects, waitFor } = world.stack
  await flags.write(FLAG as FlagPath, 'true')
  return Object.assign(world, {
    wire: through,
    end: async () => {
      await world.close()
      await through.close()
    },
    flag: async () => (await flags.read(FLAG as FlagPath))?.value,
    lease: async () => (await readJson(objects, LEASE))?.value as { incident: string; epoch: number },
    /** What a claim does, less its questions; the new holder has not come to the database yet. */
    takeLease: async () => {
      const held = await readJson(objects, LEASE)
      const { epoch } = held?.value as { epoch: number }
      await writeJson(objects, LEASE, { ...(held?.value as object), epoch: epoch + 1, incident: 'another' })
    },
    /** Gives the lease back to a run that had it. */
    giveLease: async ({ incident, epoch }: Run) => {
      const held = (await readJson(objects, LEASE))?.value as object
      await writeJson(objects, LEASE, { ...held, epoch, incident, released: false })
    },
    begin: async (name: string, path: string, more: object = {}) => {
      const { arn } = await executions.start(name, { plan: PLAN, path, reason: 'a test', ...more })
      return {
        arn,
        outcome: async () => {
          await waitFor(arn)
          return outcomeOf(arn, name as IncidentId, world.stack)
        },
      }
    },
    /** What every step of a run is given. */
    runOf: async (incident: string): Promise<Run> => {
      const found = (await readIncident(objects, incident as IncidentId)) as Incident
      const { plan, planDigest, execution, epoch, path, drill } = found
      return { plan, planDigest, incident, execution, epoch, path, drill } as Run
    },
    /** Sessions of a kind of step, of whichever run. */
    sessions: (kind: string) =>
      world.query<{ pid: number }>(`select pid from pg_stat_activity
        where application_name like 'vector-rollback:${PLAN}:%:${kind}' and datname = current_database()`),
  })
}
export type Wired = Awaited<ReturnType<typeof startWired>>

/** For one test alone. */
export const wiredOnce = async (): Promise<Wired> => {
  const world = await startWired()
  onTestFinished(() => world.end())
  return world
}

/** For all tests of a block: each leaves the database as it found it, which is what it shows. */
export const useWired = (prepare: (world: Wired) => Promise<unknown> = async () => undefined): (() => Wired) => {
  let world: Wired | undefined
  beforeAll(async () => {
    world = await startWired()
    await prepare(world)
  })
  afterAll(() => world?.end())
  return () => {
    if (!world) throw new Error('the world is there in hooks and tests only')
    return world
  }
}
