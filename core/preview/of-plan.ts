import { RollbackError } from '#core/errors.ts'
import type { Path, Table } from '#core/names.ts'
import { printTable } from '#core/names.ts'
import { containingFlags } from '#core/plan/containing.ts'
import { printDuration } from '#core/plan/duration.ts'
import type { Plan } from '#core/plan/load.ts'
import { pathOf } from '#core/plan/path-of.ts'
import { runsOutsideTransaction } from '#core/plan/sql-file.ts'
import type { PlanStep, StepInput } from '#core/plan/steps.ts'
import type { Moment } from '#core/plan/vocabulary.ts'
import { budgetOf, type Route, requireScenario, stepsOf } from '#core/plan/work-of.ts'
import { size } from '#core/report/figures.ts'
import { sql } from '#core/sql/tag.ts'
import { checksAfter } from '#core/verify/verification.ts'
import { action } from './action.ts'
import { approvalsOf, purgesAtOnce } from './approvals.ts'
import { CONFIG_TITLES, configLines } from './config.ts'
import type { Preview, PreviewLine, PreviewStage } from './model.ts'
import { deliveryLine, PLATFORM_TITLES, platformLines } from './platform.ts'
import { statementsOf } from './sql-text.ts'

/** The statement of `drop-indexes`, whether the index is there or not. */
export const dropIndexLine = (index: { schema: string; name: string }, on: string, note?: string): PreviewLine => ({
  kind: 'statement',
  sql: sql`drop index concurrently if exists ${sql.id(index.schema, index.name)}`.text,
  lock: `SHARE UPDATE EXCLUSIVE on ${on}, without making anybody wait`,
  ...(note === undefined ? {} : { note }),
})

const captureFirst = (file: string): PreviewLine =>
  action(`write the rows of ${file} into the evidence first; no other row changes`)

const drainLines = async (plan: Plan, { count, within, then: rest }: StepInput<'drain'>): Promise<PreviewLine[]> => {
  const wait = action(`wait until ${count} gives 0, ${printDuration(within)} at most`)
  if (rest === undefined) return [wait, action('stop there unless it does')]
  return [
    wait,
    action('then cancel what is left:'),
    captureFirst(rest.capture),
    ...(await statementsOf(plan.sql[rest.cancel] ?? '')),
  ]
}

const stepLines = async (plan: Plan, step: PlanStep): Promise<PreviewLine[]> => {
  switch (step.kind) {
    case 'drop-indexes':
      return step.input.indexes.map((index) => dropIndexLine(index, 'its table'))
    case 'migrate': {
      const { ledger, from, to, file, locks } = step.input
      return [
        ...(locks.length > 0 ? [action(`lock ${locks.map(printTable).join(', ')}; ACCESS EXCLUSIVE`)] : []),
        ...(await statementsOf(plan.sql[file] ?? '')),
        moveLine(ledger, from, to),
      ]
    }
    case 'capture':
      return [action(`write the rows of ${step.input.rows} into the evidence; nothing changes`)]
    case 'drain':
      return drainLines(plan, step.input)
    case 'run-sql': {
      const text = plan.sql[step.input.file] ?? ''
      const captured = step.input.capture === undefined ? [] : [captureFirst(step.input.capture)]
      const expected = step.input.expect ? [action(`must give ${step.input.expect.rows} rows, else it is undone`)] : []
      return [...captured, ...(await statementsOf(text)), ...expected]
    }
    case 'set-flag':
      return [action(`set ${step.input.flag} to "${plan.flags[step.input.flag]?.[step.input.to] ?? ''}"`)]
    case 'restore-config':
    case 'throttle':
    case 'parameter-group':
    case 'capacity':
    case 'rds-snapshot':
    case 'run-command':
    case 'webhook':
      return configLines(step)
    case 'previous-version':
    case 'restart':
    case 'scale':
      return platformLines(plan, step)
    case 'verify':
      return step.input.checks.map((name) => action(`${name} must pass: ${plan.checks[name]?.describe ?? ''}`))
  }
}

const moveLine = (ledger: Table, from: readonly string[], to: string): PreviewLine =>
  action(
    `move ${printTable(ledger)} from ${from.join(' or ')} to ${to} in the same transaction; readers pass, other writers wait`,
  )

/** What the full path does with the migration ledger. */
export const ledgerLines = ({ paths: { full } }: Plan): PreviewLine[] =>
  full?.ledger ? [moveLine(full.ledger.table, full.ledger.from, full.ledger.to)] : []

const titleOf = (plan: Plan, step: PlanStep): string => {
  if (step.kind === 'drop-indexes') return 'Drop indexes, after their definitions are recorded'
  if (step.kind === 'set-flag') return 'Set a flag'
  if (step.kind === 'verify') return 'Verify, and stop unless all pass'
  if (step.kind === 'migrate') return `Undo a migration with ${step.input.file}, in one transaction`
  if (step.kind === 'previous-version' || step.kind === 'restart' || step.kind === 'scale')
    return PLATFORM_TITLES[step.kind]
  if (step.kind === 'capture') return 'Capture rows'
  if (step.kind === 'drain') return 'Drain'
  if (step.kind !== 'run-sql') return CONFIG_TITLES[step.kind]
  const { file } = step.input
  return `Run ${file}, ${runsOutsideTransaction(plan.sql[file] ?? '') ? 'without a transaction' : 'in one transaction'}`
}

/** The stages of a path's own steps, in their order. */
export const stepStages = (plan: Plan, route: Route): Promise<PreviewStage[]> => stagesOf(plan, stepsOf(plan, route))

const stagesOf = (plan: Plan, steps: readonly PlanStep[]): Promise<PreviewStage[]> =>
  Promise.all(steps.map(async (step) => ({ title: titleOf(plan, step), lines: await stepLines(plan, step) })))

/** The stages of what follows the snapshot of a full rollback. */
export const stagesAfterwards = (plan: Plan): Promise<PreviewStage[]> =>
  stagesOf(plan, plan.paths.full?.afterwards ?? [])

/** What comes before every path. */
export const beginning = (plan: Plan): PreviewStage[] => [
  {
    title: 'Contain',
    lines: containingFlags(plan).flatMap(([name, flag]) => [
      action(`set ${name} to "${flag.safe}" (${flag.parameter})`),
      ...deliveryLine(flag),
    ]),
  },
  {
    title: 'Preserve evidence',
    lines: [action('read the catalogue: queries, locks, sizes, indexes, policies, versions; ACCESS SHARE at most')],
  },
]

const tablesOf = (plan: Plan): string => (plan.paths.full?.retire ?? plan.protects.tables).map(printTable).join(', ')

/** The snapshot of retired tables: nobody else can reach them any more. */
export const snapshotStage = (plan: Plan): PreviewStage => ({
  title: 'Snapshot and verify',
  lines: [
    action(
      `copy each retired table to the bucket in parts of ${size(plan.snapshot.partBytes)}, ${plan.snapshot.concurrency} at a time; ACCESS SHARE on the retired tables`,
    ),
    action('write the manifest with rows and digests, last and once; read every part again and compare'),
  ],
})

/** What a path does beyond its steps, as far as the plan alone can tell. */
const generalStages = (plan: Plan, path: Path): PreviewStage[] => {
  switch (path) {
    case 'full':
      return [
        {
          title: 'Retire',
          lines: [
            action(`move ${tablesOf(plan)} out of reach in one transaction; ACCESS EXCLUSIVE on them for milliseconds`),
            ...ledgerLines(plan),
          ],
        },
        snapshotStage(plan),
      ]
    case 'restore':
      return [
        {
          title: 'Restore',
          lines: [
            action(`bring back ${tablesOf(plan)}: by undo while they lie retired, else from the newest snapshot`),
          ],
        },
      ]
    case 'purge':
      return [{ title: 'Purge', lines: [action(`after approval, drop the retired ${tablesOf(plan)} without cascade`)] }]
    default:
      return []
  }
}

/** Throws `Plan.NoSuchPath`, `Plan.NoSuchScenario`. */
export const requirePath = (plan: Plan, route: Route): number => {
  requireScenario(plan, route)
  const budget = budgetOf(plan, route)
  if (budget !== null) return budget
  if (route.path !== 'purge') return pathOf(plan, route.path).budget
  throw new RollbackError('Plan.NoSuchPath', `Plan "${plan.name}" has no path "purge".`, {
    fix: 'Only what the path full retires can be purged: add full to paths.',
    category: 'usage',
  })
}

/** When a run of the path asks its checks. */
export const momentsOf = (path: Path): readonly Moment[] => (path === 'restore' ? ['restore', 're-enable'] : [path])

const checksOf = (plan: Plan, { path, scenario }: Route): Preview['checks'] => {
  const moments = momentsOf(path)
  const names = new Set(moments.flatMap((moment) => checksAfter(plan, moment, scenario)))
  return [...names].map((name) => ({
    name,
    describe: plan.checks[name]?.describe ?? '',
    after: moments.filter((moment) => checksAfter(plan, moment, scenario).includes(name)),
  }))
}

/** What a path would do as far as the plan alone can tell: no database is looked at. Throws `Plan.NoSuchPath`, `Plan.NoSuchScenario`. */
export const previewOfPlan = async (plan: Plan, path: Path, scenario?: string): Promise<Preview> => {
  const route = { path, scenario }
  const budget = requirePath(plan, route)
  return {
    plan: plan.name,
    planDigest: plan.digest,
    path,
    ...(scenario === undefined ? {} : { scenario }),
    database: null,
    flags: Object.entries(plan.flags).map(([name, { parameter, safe, delivery, within }]) => ({
      name,
      parameter,
      safe,
      delivery,
      within,
    })),
    stages: [
      ...beginning(plan),
      ...(await stepStages(plan, route)),
      ...generalStages(plan, path),
      ...(path === 'full' ? await stagesAfterwards(plan) : []),
    ],
    tables: [],
    destroys: path === 'purge' || purgesAtOnce(plan, path) ? 'not looked at' : 'nothing',
    checks: checksOf(plan, route),
    approvals: approvalsOf(plan, path),
    budgets: { path: budget, lock: plan.budgets.lock },
    refusals: [],
    notes: [],
    notLookedAt: ['the database: give --database-url to see its statements, rows, bytes and what would be refused'],
  }
}
