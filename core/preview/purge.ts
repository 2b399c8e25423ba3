import type { DependentDefinition } from '#core/ddl/dependents/definition.ts'
import { dropDependents } from '#core/ddl/dependents/drop.ts'
import { printTable, type Table } from '#core/names.ts'
import type { Plan } from '#core/plan/load.ts'
import { pathOf } from '#core/plan/path-of.ts'
import type { Session } from '#core/ports.ts'
import { coverage, requireCovered } from '#core/purge/coverage.ts'
import { mayDropExtension } from '#core/purge/extension.ts'
import { isOpen, type Retirement } from '#core/retire/record.ts'
import { findRetirements } from '#core/retire/records.ts'
import { sql } from '#core/sql/tag.ts'
import { action } from './action.ts'
import type { Destruction, Findings, PreviewLine, PreviewStage, Refusal, TableSize } from './model.ts'
import { orRefusal } from './refusals.ts'
import { countRetired } from './tables.ts'

/** What dropping the tables would take along, from the live catalogue, and what stands in the way. */
export const destructionOf = async (
  session: Session,
  tables: readonly Table[],
  sizes: readonly TableSize[],
  extension: string | null,
  dependents: readonly DependentDefinition[],
): Promise<{ destroys: Destruction; refusals: Refusal[] }> => {
  const found = await coverage(session, tables, extension, dependents)
  const covered = await orRefusal(async () => requireCovered(found))
  const kept = extension === null ? null : await mayDropExtension(session, extension, found)
  return {
    destroys: {
      tables: sizes,
      objects: found.destroys.map(({ type, identity }) => `${type} ${identity}`),
      extension: extension === null ? null : { name: extension, kept },
    },
    refusals: 'refusal' in covered ? [covered.refusal] : [],
  }
}

export const purgeStage = (
  tables: readonly Table[],
  dependents: readonly DependentDefinition[],
  { extension }: Destruction,
): PreviewStage => {
  const lock = `ACCESS EXCLUSIVE on ${tables.map(printTable).join(', ')}, which nobody else can reach`
  const before = dropDependents(dependents).map(
    ({ text }): PreviewLine => ({
      kind: 'statement',
      sql: text,
      lock: 'ACCESS EXCLUSIVE on it, which nobody else can reach',
    }),
  )
  const drop: PreviewLine = {
    kind: 'statement',
    sql: sql`drop table ${sql.join(tables.map(({ schema, name }) => sql.id(schema, name)))}`.text,
    lock,
  }
  const dropped: PreviewLine[] =
    extension === null || extension.kept !== null
      ? []
      : [{ kind: 'statement', sql: sql`drop extension ${sql.id(extension.name)}`.text, lock: 'none on a table' }]
  return {
    title: 'Purge, in one transaction, after approval',
    lines: [
      action('compare rows, digests and definitions with the manifest, and the approval with what is there'),
      ...before,
      drop,
      ...dropped,
    ],
  }
}

const chosenStage = ({ id, retiredAt, tables, dependents }: Retirement): PreviewStage => ({
  title: 'Choose what to purge',
  lines: [
    action(`retirement "${id}" of ${retiredAt}`),
    ...tables.map(({ retired, definition }) =>
      action(`${printTable(retired)}, which was ${printTable(definition.table)}`),
    ),
    ...dependents.flatMap(({ retired, definition }) =>
      retired ? [action(`${printTable(retired)}, which was ${definition.object}`)] : [],
    ),
  ],
})

const VERIFY: PreviewStage = {
  title: 'Verify before purge',
  lines: [action('read every part of the snapshot again, and compare its digests with the manifest')],
}

const dueAt = ({ retiredAt }: Retirement, after: number) => new Date(new Date(retiredAt).getTime() + after)

/** What a purge would destroy in this database. */
export const lookAtPurge = async (session: Session, plan: Plan, now: Date): Promise<Findings> => {
  const { purge } = pathOf(plan, 'full')
  const none: Findings = {
    stages: [],
    tables: [],
    destroys: 'nothing',
    refusals: [],
    notes: [],
    notLookedAt: ['the bucket: whether the snapshot is sealed and intact'],
  }
  const records = await orRefusal(() => findRetirements(session, plan.name))
  if ('refusal' in records) return { ...none, destroys: 'not looked at', refusals: [records.refusal] }
  const open = records.value.filter(isOpen)
  const due = open.find((retirement) => dueAt(retirement, purge.after) <= now)
  const chosen = due ?? open.at(-1)
  if (!chosen) return { ...none, notes: ['no tables lie retired: there is nothing to purge'] }

  const tables = chosen.tables.map(({ retired }) => retired)
  const sizes = await countRetired(session, tables)
  const dependents = chosen.dependents.flatMap(({ moved }) => moved ?? [])
  const { destroys, refusals } = await destructionOf(
    session,
    tables,
    sizes,
    purge.extension === 'drop' ? plan.protects.extension : null,
    dependents,
  )
  const early: Refusal = {
    name: 'Purge.TooEarly',
    message: `Retirement "${chosen.id}" of ${chosen.retiredAt} is kept until ${dueAt(chosen, purge.after).toISOString()}.`,
    fix: 'Purge after that, or shorten the retention in the plan.',
  }
  return {
    ...none,
    stages: [chosenStage(chosen), VERIFY, purgeStage(tables, dependents, destroys)],
    tables: sizes,
    destroys,
    refusals: [...(due ? [] : [early]), ...refusals],
  }
}
