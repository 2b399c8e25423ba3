import type { DependentDefinition } from '#core/ddl/dependents/definition.ts'
import { expandTrees } from '#core/ddl/trees.ts'
import type { Finding } from '#core/ddl/unsupported.ts'
import { requireRevision } from '#core/ledger/ledger.ts'
import { printTable, type RetirementId, type Table } from '#core/names.ts'
import type { Plan } from '#core/plan/load.ts'
import { pathOf } from '#core/plan/path-of.ts'
import type { Session } from '#core/ports.ts'
import { existing } from '#core/restore/drift.ts'
import { planRetirement, type RetirementPlan } from '#core/retire/plan.ts'
import { isOpen } from '#core/retire/record.ts'
import { findRetirements } from '#core/retire/records.ts'
import { findRewordings } from '#core/retire/refusals.ts'
import { sql } from '#core/sql/tag.ts'
import { action } from './action.ts'
import { purgesAtOnce } from './approvals.ts'
import { bootstrapOf } from './bootstrap.ts'
import type { Findings, PreviewLine, PreviewStage, Refusal } from './model.ts'
import { blockerNotes, invalidIndexNotes, readerNotes } from './notes.ts'
import { ledgerLines, snapshotStage, stagesAfterwards } from './of-plan.ts'
import { destructionOf, purgeStage } from './purge.ts'
import { orRefusal } from './refusals.ts'
import { stepsOnDatabase } from './steps.ts'
import { readSizes } from './tables.ts'

/** The names of retired tables are made of the incident's id, which nobody knows yet. */
const PREVIEWED = 'preview' as RetirementId

const lockLine = (tables: readonly Table[], mode: 'share update exclusive' | 'access exclusive', note: string) => ({
  kind: 'statement' as const,
  sql: sql`lock table ${sql.join(tables.map(({ schema, name }) => sql.id(schema, name)))} in ${sql.raw(mode)} mode`
    .text,
  lock: `${mode.toUpperCase()} on ${tables.map(printTable).join(', ')}`,
  note,
})

const retireLines = ({ locked, statements }: RetirementPlan, plan: Plan): PreviewLine[] => [
  lockLine(locked, 'share update exclusive', 'blocks neither readers nor writers; makes autovacuum give way'),
  lockLine(
    locked,
    'access exclusive',
    `waits ${plan.budgets.lock} ms at most, then lets everyone pass and tries again`,
  ),
  ...ledgerLines(plan),
  ...statements.map(({ statement, lock }): PreviewLine => ({ kind: 'statement', sql: statement.text, lock })),
  action(
    'record the definitions, so that undo can give everything back (the new names r… carry the id of the incident: here that of a preview)',
  ),
]

const refused = (findings: readonly Finding[]): Refusal[] =>
  findings.map(({ object, why }) => ({
    name: 'Retire.Refused',
    message: `"${object}" ${why}.`,
    fix: `Remove what is in the way, or allow it in paths.full.allow of the plan by this name: ${JSON.stringify(object)}.`,
  }))

/** What the plan allows: what goes along, and what stays behind. */
const allowedNotes = ({ allowed, captured }: RetirementPlan): string[] =>
  [...new Map(allowed.map((finding) => [finding.object, finding])).values()].map(({ object, why }) =>
    captured.some((definition) => definition.object === object)
      ? `"${object}" goes along: undo moves it back, a purge drops it by name, a restore creates it anew`
      : `"${object}" is allowed, and stays: it ${why}`,
  )

/** The open retirement that has all the tables already, when none of them is in its place. */
const retiredBefore = async (session: Session, plan: Plan, tables: readonly Table[]): Promise<string | null> => {
  if ((await existing(session, tables)).length > 0) return null
  const open = (await findRetirements(session, plan.name)).filter(isOpen)
  const found = open.find((retirement) =>
    tables.every((table) =>
      retirement.tables.some(({ definition }) => printTable(definition.table) === printTable(table)),
    ),
  )
  return found
    ? `the tables lie retired since ${found.retiredAt} ("${found.id}"): the snapshot goes on from there`
    : null
}

/** What the full path would do in this database. */
export const lookAtFull = async (session: Session, plan: Plan): Promise<Findings> => {
  const { retire: tables, allow, purge } = pathOf(plan, 'full')
  const trees = await expandTrees(session, tables)
  const steps = await stepsOnDatabase(session, plan, { path: 'full' })
  const stages: PreviewStage[] = [...steps.stages]
  const refusals: Refusal[] = [...steps.refusals]
  const notes = await invalidIndexNotes(session, trees)

  let captured: readonly DependentDefinition[] = []
  const before = await orRefusal(() => retiredBefore(session, plan, tables))
  if ('refusal' in before) refusals.push(before.refusal)
  else if (before.value !== null) notes.push(before.value)
  else {
    const input = { retirement: PREVIEWED, tables, allow }
    const { ledger } = plan.paths.full ?? {}
    const revision = await orRefusal(
      async () => ledger && requireRevision(session, ledger, [...ledger.from, ledger.to]),
    )
    if ('refusal' in revision) refusals.push(revision.refusal)
    const planned = await orRefusal(() => planRetirement(session, input))
    if ('refusal' in planned) refusals.push(planned.refusal)
    else {
      const bootstrap = await bootstrapOf(session, planned.value.bootstrap)
      stages.push(...bootstrap.stages, {
        title: 'Retire, in one transaction',
        lines: retireLines(planned.value, plan),
      })
      captured = planned.value.captured
      refusals.push(...bootstrap.refusals, ...refused(planned.value.refusals))
      notes.push(...allowedNotes(planned.value))
      // A database that refuses already is not asked for temporary tables.
      if (refusals.length === 0) {
        const { surveyed } = planned.value
        const reworded = await orRefusal(() => findRewordings(session, surveyed, allow))
        if ('refusal' in reworded) refusals.push(reworded.refusal)
        else {
          refusals.push(...refused(reworded.value.refusals))
          notes.push(...reworded.value.allowed.map(({ object, why }) => `"${object}" is allowed: it ${why}`))
        }
      }
      notes.push(...(await blockerNotes(session, planned.value.locked)))
    }
    notes.push(...(await readerNotes(session)))
  }
  stages.push(snapshotStage(plan), ...(await stagesAfterwards(plan)))
  const sizes = await readSizes(session, trees)
  if (!purgesAtOnce(plan, 'full')) {
    return { stages, tables: sizes, destroys: 'nothing', refusals, notes, notLookedAt: [] }
  }
  const destruction = await destructionOf(
    session,
    trees,
    sizes,
    purge.extension === 'drop' ? plan.protects.extension : null,
    captured,
  )
  // What depends on the tables is among the refusals of the retirement, with the way out.
  stages.push(purgeStage(trees, captured, destruction.destroys))
  return { stages, tables: sizes, destroys: destruction.destroys, refusals, notes, notLookedAt: [] }
}
