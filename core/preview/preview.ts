import { expandTrees } from '#core/ddl/trees.ts'
import { checkDatabase } from '#core/incident/right-database.ts'
import { type Path, printTable } from '#core/names.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Route } from '#core/plan/work-of.ts'
import type { Database, Session } from '#core/ports.ts'
import { existing } from '#core/restore/drift.ts'
import { lookAtFull } from './full.ts'
import type { Findings, Preview, Refusal } from './model.ts'
import { invalidIndexNotes, roleNotes } from './notes.ts'
import { beginning, previewOfPlan } from './of-plan.ts'
import { lookAtPurge } from './purge.ts'
import { readOnly } from './read-only.ts'
import { lookAtRestore, type PreviewBucket } from './restore.ts'
import { stepsOnDatabase } from './steps.ts'
import { readSizes } from './tables.ts'

const missingTables = async (session: Session, plan: Plan): Promise<Refusal[]> => {
  const there = new Set((await existing(session, plan.protects.tables)).map(printTable))
  return plan.protects.tables
    .filter((table) => !there.has(printTable(table)))
    .map((table) => ({
      name: 'Preview.NoSuchTable',
      message: `There is no table "${printTable(table)}", which the plan protects.`,
      fix: 'Correct its name in the plan; if it lies retired or was dropped, run the path restore first.',
    }))
}

const namesOf = ({ checks }: Preview): string[] => checks.map(({ name }) => name)

/** The paths that keep the tables: `flag` does not look at them, so that there it is only worth knowing. */
const lookAtKeeping = async (
  session: Session,
  plan: Plan,
  { path, scenario }: Route & { readonly path: 'flag' | 'partial' },
): Promise<Findings> => {
  const tables = await expandTrees(session, plan.protects.tables)
  const steps = await stepsOnDatabase(session, plan, { path, scenario })
  const missing = await missingTables(session, plan)
  return {
    stages: steps.stages,
    tables: path === 'flag' ? [] : await readSizes(session, tables),
    destroys: 'nothing',
    refusals: path === 'flag' ? [] : [...missing, ...steps.refusals],
    notes: [
      ...(path === 'flag' ? missing.map(({ message }) => message) : []),
      ...(await invalidIndexNotes(session, tables)),
    ],
    notLookedAt: [],
  }
}

export interface PreviewOptions {
  readonly now: Date
  /** Where the snapshots are: without it a restore cannot say which one it takes, nor how that differs. */
  readonly bucket?: PreviewBucket
  /** Of the path partial. */
  readonly scenario?: string
}

const lookAt = (
  session: Session,
  plan: Plan,
  path: Path,
  { now, bucket, scenario }: PreviewOptions,
): Promise<Findings> => {
  switch (path) {
    case 'full':
      return lookAtFull(session, plan)
    case 'purge':
      return lookAtPurge(session, plan, now)
    case 'restore':
      return lookAtRestore(session, plan, bucket ?? null)
    default:
      return lookAtKeeping(session, plan, { path, scenario })
  }
}

/**
 * What a path would do in a database, as it is now. Writes nothing: the server refuses it in this session. Refusals are part
 * of the answer, but for the wrong database, about which nothing else is asked. Throws `Database.*`, `Plan.NoSuchPath`,
 * `Postgres.Unreachable`.
 */
export const previewOnDatabase = async (
  plan: Plan,
  path: Path,
  database: Database,
  options: PreviewOptions,
): Promise<Preview> => {
  const general = await previewOfPlan(plan, path, options.scenario)
  return readOnly(database, async (session) => {
    await checkDatabase(session, plan, database.label)
    const { stages, notes, notLookedAt, ...found } = await lookAt(session, plan, path, options)
    return {
      ...general,
      ...found,
      database: database.label,
      stages: [...beginning(plan), ...stages],
      notes: [...notes, ...(await roleNotes(session, plan, namesOf(general)))],
      notLookedAt: ['the flags: their values now', ...notLookedAt],
    }
  })
}
