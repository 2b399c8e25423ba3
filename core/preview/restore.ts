import { addForeignKey, validateForeignKey } from '#core/ddl/render/foreign-keys.ts'
import { expandTrees } from '#core/ddl/trees.ts'
import { requireLedgerBack } from '#core/ledger/back.ts'
import { printTable, type RetirementId, type SnapshotId, type Table } from '#core/names.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Objects, Session } from '#core/ports.ts'
import { counted } from '#core/report/figures.ts'
import { chooseRestore } from '#core/restore/choose.ts'
import { existing } from '#core/restore/drift.ts'
import { printStanding, standingTables } from '#core/restore/standing.ts'
import { missingBootstrap } from '#core/retire/bootstrap.ts'
import { grantedOn, rolesOfDependents } from '#core/retire/dependents.ts'
import { dependentsWithoutRoles, sortDependents } from '#core/retire/dependents-back.ts'
import { findLostRoles, rolesToGiveBack, withoutRoles } from '#core/retire/existing-roles.ts'
import { sortForeignKeys } from '#core/retire/foreign-keys-back.ts'
import { planRetirement } from '#core/retire/plan.ts'
import { isOpen, type Retirement } from '#core/retire/record.ts'
import { findRetirements } from '#core/retire/records.ts'
import { mergeRoles, readRoles } from '#core/retire/roles.ts'
import { requireFreeNames } from '#core/retire/taken-names.ts'
import { undoStatements } from '#core/retire/undo-statements.ts'
import type { Sql } from '#core/sql/tag.ts'
import { sql } from '#core/sql/tag.ts'
import { action } from './action.ts'
import { approvalsOf } from './approvals.ts'
import { bootstrapOf } from './bootstrap.ts'
import type { Findings, PreviewLine, PreviewStage } from './model.ts'
import { orRefusal } from './refusals.ts'
import { replaceApproval, setAsideStages } from './set-aside.ts'
import { statementsOf } from './sql-text.ts'
import { countRetired, readSizes } from './tables.ts'

const BUCKET = 'the bucket: its snapshots, and the records of indexes that a partial path dropped'

const none: Findings = {
  stages: [],
  tables: [],
  destroys: 'nothing',
  refusals: [],
  notes: [],
  notLookedAt: [BUCKET],
}

const INDEXES: PreviewStage = {
  title: 'Build indexes',
  lines: [action('build again what a partial path dropped: create index concurrently; SHARE UPDATE EXCLUSIVE')],
}

const FROM_SNAPSHOT: readonly string[] = [
  'choose the newest sealed snapshot that has all of them, and compare its schema with this database',
  'create bare tables in a schema aside, load the parts, each compared with the manifest; no lock on tables in service',
  'add keys and checks, build the indexes, compare rows and digests with the manifest',
  'move them to their places in one transaction; ACCESS EXCLUSIVE on them and on the far sides of their foreign keys',
  'with them, in the same transaction, create the views, materialized views and functions that went along, and put the tables back into their publications',
  'validate the foreign keys; SHARE UPDATE EXCLUSIVE, without making anybody wait; fill the materialized views',
]

const linesOf = async (statements: readonly Sql[]): Promise<PreviewLine[]> => {
  const lines: PreviewLine[] = []
  for (const { text } of statements) lines.push(...(await statementsOf(text)))
  return lines
}

/** The move back of tables that lie retired. */
const byUndo = async (session: Session, retirement: Retirement): Promise<Findings> => {
  const { there, lost } = await sortDependents(session, retirement)
  const lostRoles = await findLostRoles(session, [
    ...retirement.tables.map(({ definition }) => definition),
    ...grantedOn(there),
  ])
  const dependents = dependentsWithoutRoles(there, lostRoles)
  const tables = retirement.tables.map((table) => ({ ...table, definition: withoutRoles(table.definition, lostRoles) }))
  const { possible, impossible } = await sortForeignKeys(session, retirement)
  const ledger = await orRefusal(() => requireLedgerBack(session, retirement))
  const names = await orRefusal(() => requireFreeNames(session, retirement))
  const far = possible.flatMap(({ from, to }) => [from, to])
  const own = mergeRoles(
    rolesToGiveBack(tables.map(({ definition }) => definition)),
    rolesOfDependents(dependents.map(({ definition }) => definition)),
  )
  const roles = mergeRoles(own, await readRoles(session, far))
  const missing = await orRefusal(() => missingBootstrap(session, roles))
  const bootstrap = 'refusal' in missing ? null : await bootstrapOf(session, missing.value)
  const valid = possible.filter(({ validated }) => validated)
  return {
    ...none,
    stages: [
      ...(bootstrap?.stages ?? []),
      {
        title: 'Undo the retirement, in one transaction',
        lines: [
          action(`the tables lie retired since ${retirement.retiredAt} ("${retirement.id}")`),
          ...(retirement.ledger
            ? [action(`move ${printTable(retirement.ledger.table)} back to ${retirement.ledger.before}`)]
            : []),
          ...(await linesOf([...undoStatements(tables, dependents), ...possible.flatMap(addForeignKey)])),
        ],
      },
      ...(valid.length === 0
        ? []
        : [{ title: 'Validate the foreign keys', lines: await linesOf(valid.map(validateForeignKey)) }]),
      INDEXES,
    ],
    tables: await countRetired(
      session,
      retirement.tables.map(({ retired }) => retired),
    ),
    refusals: [
      ...('refusal' in ledger ? [ledger.refusal] : []),
      ...('refusal' in names ? [names.refusal] : []),
      ...('refusal' in missing ? [missing.refusal] : []),
      ...(bootstrap?.refusals ?? []),
    ],
    notes: [
      ...impossible.map(({ foreignKey, why }) => `foreign key "${foreignKey.name}" cannot be given back: ${why}`),
      ...lost.map(({ object, why }) => `"${object}" cannot be given back: it ${why}`),
      ...lostRoles.map((role) => `role "${role}" is gone, and its privileges with it`),
    ],
  }
}

const isInstalled = (extension: string) => sql`select from pg_catalog.pg_extension where extname = ${extension}`

/** The move into place of what a snapshot has; which one, the bucket knows. */
const fromSnapshot = async (session: Session, plan: Plan, gone: readonly Table[]): Promise<Findings> => {
  const { rowCount } = await session.query(isInstalled(plan.protects.extension))
  const standing = await standingTables(session, plan.paths.full?.retire ?? plan.protects.tables)
  const create = `create extension ${plan.protects.extension}, which needs rds_superuser on RDS`
  return {
    ...none,
    stages: [
      {
        title: `Restore ${gone.map(printTable).join(', ')} from a snapshot`,
        lines: [...(rowCount > 0 ? [] : [create]), ...FROM_SNAPSHOT].map(action),
      },
      INDEXES,
    ],
    tables: await readSizes(session, await expandTrees(session, plan.protects.tables)),
    notes: [
      `gone, and not retired: ${gone.map(printTable).join(', ')}; they come from the newest sealed snapshot`,
      ...standing.map(
        (table) => `in the way of it: ${printStanding(table)}; set aside and asked about before the swap`,
      ),
    ],
    ...(standing.length === 0
      ? {}
      : { approvals: [replaceApproval(plan, standing, []), ...approvalsOf(plan, 'restore')] }),
  }
}

/** What a restore would be asked for, and the bucket that has it. */
export interface PreviewBucket {
  readonly objects: Objects
  readonly environment: string
  readonly snapshot?: SnapshotId
  readonly acceptDrift: boolean
}

/** The same choice as the restore makes, and what that would do. */
const fromBucket = async (session: Session, plan: Plan, bucket: PreviewBucket): Promise<Findings | null> => {
  const { objects, ...asked } = bucket
  const tables = plan.paths.full?.retire ?? plan.protects.tables
  const allow = plan.paths.full?.allow ?? []
  const choice = await orRefusal(() =>
    chooseRestore(session, objects, { ...asked, plan: plan.name, tables, createExtension: true, allow }),
  )
  if ('refusal' in choice)
    return { ...none, tables: await readSizes(session, tables), refusals: [choice.refusal], notLookedAt: [] }
  if (choice.value.source !== 'snapshot') return null
  const { snapshot, createdAt, rows, standing, diff, detail } = choice.value
  const retirement = 'planned' as RetirementId
  const planned =
    standing.length === 0 ? { statements: [] } : await planRetirement(session, { retirement, tables: standing, allow })
  return {
    ...none,
    stages: [
      {
        title: `Restore snapshot "${snapshot}" of ${createdAt}, ${counted(rows, 'row')}`,
        lines: FROM_SNAPSHOT.slice(1, 3).map(action),
      },
      ...setAsideStages(standing, planned),
      { title: 'Swap in', lines: FROM_SNAPSHOT.slice(3).map(action) },
      INDEXES,
    ],
    tables: await readSizes(session, choice.value.tables),
    ...(standing.length === 0
      ? {}
      : { approvals: [replaceApproval(plan, standing, diff), ...approvalsOf(plan, 'restore')] }),
    notes: [detail, ...diff],
    notLookedAt: [],
  }
}

/** Where a restore would take the tables from, and how. */
export const lookAtRestore = async (session: Session, plan: Plan, bucket: PreviewBucket | null): Promise<Findings> => {
  const known = bucket && (await fromBucket(session, plan, bucket))
  if (known) return known
  const tables = plan.paths.full?.retire ?? plan.protects.tables
  const wanted = new Set(tables.map(printTable))
  const records = await orRefusal(() => findRetirements(session, plan.name))
  if ('refusal' in records) return { ...none, refusals: [records.refusal] }
  const open = records.value.find(
    (one) =>
      isOpen(one) &&
      one.replacedBy === undefined &&
      one.tables.some(({ definition }) => wanted.has(printTable(definition.table))),
  )
  const retired = open?.tables.map((table) => table.retired) ?? []
  if (open && (await existing(session, retired)).length === retired.length) return byUndo(session, open)
  const there = new Set((await existing(session, tables)).map(printTable))
  const gone = tables.filter((table) => !there.has(printTable(table)))
  if (gone.length > 0) return fromSnapshot(session, plan, gone)
  return {
    ...none,
    stages: [INDEXES],
    tables: await readSizes(session, await expandTrees(session, tables)),
    notes: ['all tables are there under their names: only dropped indexes would be built again'],
  }
}
