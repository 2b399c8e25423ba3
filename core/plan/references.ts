import { parseDuration, printDuration } from './duration.ts'
import { placedSteps } from './every-step.ts'
import { suggestion } from './nearest.ts'
import { brokenRamps, brokenWatch } from './references-after.ts'
import { brokenChecks } from './references-checks.ts'
import { configuredFlags } from './references-config.ts'
import { brokenPeople, brokenRoles } from './references-people.ts'
import { brokenPlatform } from './references-platform.ts'
import { repeatedSteps } from './references-repeated.ts'
import { brokenEarlier } from './references-rows.ts'
import { brokenRota } from './rota.ts'
import type { PlanFile } from './schema.ts'
import type { PlanStep } from './steps.ts'
import { brokenTable } from './table-check.ts'
import { unknown } from './unknown-name.ts'
import { writeTable } from './vocabulary.ts'

/** A reference that leads nowhere, at a path of plan.yaml. */
export interface Broken {
  readonly path: readonly PropertyKey[]
  readonly message: string
  readonly fix: string
}

/** An SQL file that plan.yaml names, and what for. */
export interface SqlReference {
  readonly path: readonly PropertyKey[]
  readonly file: string
  /** `change` is a step whose rows are captured before, `capture` finds them, `count` says how many are open. */
  readonly use: 'sentinel' | 'probe' | 'check' | 'step' | 'change' | 'capture' | 'count' | 'migration'
}

const filesOfStep = (
  step: PlanStep,
): (Pick<SqlReference, 'file' | 'use'> & { readonly at: readonly PropertyKey[] })[] => {
  switch (step.kind) {
    case 'capture':
      return [{ at: ['rows'], file: step.input.rows, use: 'capture' }]
    case 'run-sql': {
      const { file, capture, earlier } = step.input
      if (capture === undefined) return [{ at: ['file'], file, use: 'step' }]
      return [
        { at: ['file'], file, use: 'change' },
        { at: ['capture'], file: capture, use: 'capture' },
        ...(earlier === undefined ? [] : [{ at: ['earlier'], file: earlier, use: 'capture' as const }]),
      ]
    }
    case 'drain': {
      const { count, then: rest } = step.input
      return [
        { at: ['count'], file: count, use: 'count' },
        ...(rest === undefined
          ? []
          : ([
              { at: ['then', 'capture'], file: rest.capture, use: 'capture' },
              { at: ['then', 'cancel'], file: rest.cancel, use: 'change' },
            ] as const)),
      ]
    }
    case 'migrate':
      return [{ at: ['file'], file: step.input.file, use: 'migration' }]
    default:
      return []
  }
}

/** Every place of plan.yaml that names an SQL file. */
export const sqlReferences = (plan: PlanFile): SqlReference[] => [
  { path: ['database', 'sentinel', 'sql'], file: plan.database.sentinel.sql, use: 'sentinel' },
  ...Object.entries(plan.flags).flatMap(([name, { echo }]): SqlReference[] =>
    echo?.kind === 'sql' ? [{ path: ['flags', name, 'echo', 'sql'], file: echo.file, use: 'check' }] : [],
  ),
  ...Object.entries(plan.signals).flatMap(([name, { source }]): SqlReference[] =>
    source.kind === 'probe' ? [{ path: ['signals', name, 'probe'], file: source.file, use: 'probe' }] : [],
  ),
  ...Object.entries(plan.checks).flatMap(([name, check]): SqlReference[] =>
    check.kind === 'sql' ? [{ path: ['checks', name, 'sql'], file: check.file, use: 'check' }] : [],
  ),
  ...Object.entries(plan.evidence).map(
    ([name, { file }]): SqlReference => ({
      path: ['evidence', name, 'sql'],
      file,
      use: 'check',
    }),
  ),
  ...placedSteps(plan).flatMap(({ step, path }) =>
    filesOfStep(step).map(({ at, ...one }) => ({ path: [...path, ...at], ...one })),
  ),
]

const brokenSteps = (plan: PlanFile): Broken[] => {
  const [flags, checks] = [Object.keys(plan.flags), Object.keys(plan.checks)]
  return [
    ...placedSteps(plan).flatMap(({ step, path }): Broken[] => {
      if (step.kind === 'restore-config' || step.kind === 'throttle') return configuredFlags(plan, step, path)
      if (step.kind === 'set-flag') return unknown('a flag', step.input.flag, flags, [...path, 'flag'])
      // What it does would stay undone when the tables come back.
      if (step.kind === 'migrate' && path[1] === 'full')
        return [
          {
            path,
            message: 'The full path moves the ledger with its tables, and back with them.',
            fix: 'Remove the step, and say paths.full.ledger: { table, from, to }.',
          },
        ]
      if (step.kind === 'webhook')
        return unknown(
          'a webhook',
          step.input.webhook,
          plan.webhooks.map(({ name }) => name),
          [...path, 'webhook'],
        )
      if (step.kind !== 'verify') return []
      return step.input.checks.flatMap((check, index) => unknown('a check', check, checks, [...path, 'checks', index]))
    }),
    ...Object.entries(plan.checks).flatMap(([name, check]) =>
      check.kind === 'flag' ? unknown('a flag', check.flag, flags, ['checks', name, 'flag']) : [],
    ),
  ]
}

/** Scenarios that rows and checks name, and that there are not. */
const brokenScenarios = (plan: PlanFile): Broken[] => {
  const known = Object.keys(plan.paths.partial?.scenarios ?? {})
  return [
    ...plan.decide.flatMap(({ scenario }, index) =>
      scenario === undefined ? [] : unknown('a scenario', scenario, known, ['decide', index, 'scenario']),
    ),
    ...Object.entries(plan.checks).flatMap(([name, { after }]) =>
      after.flatMap((moment, index) => {
        const [, scenario] = moment.split('/')
        return scenario === undefined ? [] : unknown('a scenario', scenario, known, ['checks', name, 'after', index])
      }),
    ),
  ]
}

const brokenTables = (plan: PlanFile): Broken[] => {
  const known = plan.protects.tables.map(writeTable)
  const retired = (plan.paths.full?.retire ?? []).map(writeTable)
  const twice = (list: readonly string[], path: readonly PropertyKey[]): Broken[] =>
    list.flatMap((table, index) =>
      list.indexOf(table) === index
        ? []
        : [{ path: [...path, index], message: `"${table}" is named twice.`, fix: 'Name each table once.' }],
    )
  return [
    ...twice(known, ['protects', 'tables']),
    ...twice(retired, ['paths', 'full', 'retire']),
    ...retired.flatMap((table, index): Broken[] =>
      known.includes(table)
        ? []
        : [
            {
              path: ['paths', 'full', 'retire', index],
              message: `"${table}" would be retired and is not protected.`,
              fix: `Add it to protects.tables. ${suggestion(table, known)}`,
            },
          ],
    ),
  ]
}

/** A cooldown that is longer keeps a new failure from its rollback for good: a person would not hear of it any more. */
const LONGEST_COOLDOWN = parseDuration('1d') ?? 0

const brokenCooldown = ({ cooldown }: PlanFile): Broken[] =>
  cooldown <= LONGEST_COOLDOWN
    ? []
    : [
        {
          path: ['cooldown'],
          message: `"${printDuration(cooldown)}" is longer than a day.`,
          fix: 'Choose a day at most: what goes off again tomorrow is a new incident.',
        },
      ]

/** What plan.yaml names and nothing answers to: signals, flags, checks, roles, tables, paths. */
export const brokenReferences = (plan: PlanFile): Broken[] => [
  ...brokenTable(plan),
  ...brokenRoles(plan),
  ...brokenPeople(plan),
  ...brokenSteps(plan),
  ...brokenScenarios(plan),
  ...brokenChecks(plan),
  ...brokenEarlier(placedSteps(plan)),
  ...brokenTables(plan),
  ...brokenCooldown(plan),
  ...brokenWatch(plan),
  ...brokenRota(plan),
  ...brokenRamps(plan),
  ...brokenPlatform(plan),
  ...repeatedSteps(placedSteps(plan)),
]
