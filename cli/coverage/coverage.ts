import { join } from 'node:path'
import { colours } from '#cli/colours.ts'
import { readProofs } from '#cli/coverage/proofs.ts'
import { readStatement } from '#cli/coverage/statement.ts'
import { EXIT, type ExitCode } from '#cli/exit-codes.ts'
import { allPlans } from '#cli/plans.ts'
import { type Coverage, countStandings, coverageOf, type RuleCoverage } from '#core/coverage/coverage.ts'
import { loadCatalogue } from '#core/plan/catalogue.ts'
import { loadPlan } from '#core/plan/load.ts'

export interface CoverageOptions {
  readonly plans?: string
  readonly tests?: string
  readonly json?: boolean
}

const TESTS = join(import.meta.dirname, '..', '..', 'test')

/** Reads plans, their statements and the titles of the tests. */
export const readCoverage = async ({ plans, tests }: CoverageOptions): Promise<Coverage> => {
  const folders = await allPlans(plans)
  return coverageOf({
    catalogue: await loadCatalogue(),
    plans: await Promise.all(
      folders.map(async (folder) => {
        const { name, covers, applies } = await loadPlan(folder)
        return { name, covers, applies, statement: await readStatement(folder) }
      }),
    ),
    proofs: await readProofs(tests ?? TESTS),
  })
}

const openOf = ({ runbooks, corrections, conflicts }: Coverage) =>
  [...runbooks.flatMap(({ requirements }) => requirements), ...corrections, ...conflicts].filter(
    ({ standing }) => standing === 'open',
  )

const rulesLine = (what: string, rules: readonly RuleCoverage[]): string =>
  `${what.padEnd(24)}${rules.filter(({ standing }) => standing === 'proved').length} of ${rules.length}`

const textOf = (coverage: Coverage): string => {
  const { bold } = colours(process.stdout)
  const lines = coverage.runbooks.map(({ runbook, requirements }) => {
    const { proved, attested, outside, open } = countStandings(requirements)
    return `${runbook.padEnd(24)}${proved} proved, ${attested} attested, ${outside} outside, ${open} open, of ${requirements.length}`
  })
  const open = openOf(coverage).map(({ id, by }) => `  ${id}  ${by}`)
  return [
    bold('Requirements of the runbooks'),
    ...lines,
    rulesLine('corrections (DEF)', coverage.corrections),
    rulesLine('conflict rules (CON)', coverage.conflicts),
    ...(open.length > 0 ? ['', bold(`Open: ${open.length}`), ...open] : []),
    ...(coverage.problems.length > 0 ? ['', bold('Wrong'), ...coverage.problems.map((problem) => `  ${problem}`)] : []),
  ].join('\n')
}

/** `vector-rollback coverage`: resolves to 3 while anything is open or wrong. */
export const coverage = async (options: CoverageOptions): Promise<ExitCode> => {
  const found = await readCoverage(options)
  process.stdout.write(`${options.json ? JSON.stringify(found, null, 2) : textOf(found)}\n`)
  return openOf(found).length + found.problems.length === 0 ? EXIT.ok : EXIT.refused
}
