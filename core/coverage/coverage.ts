import { type Catalogue, requirementIds, ruleIds } from '#core/plan/catalogue.ts'
import type { Statement } from './statement.ts'

/** A plan as far as coverage asks for it. */
export interface CoveringPlan {
  readonly name: string
  readonly covers: readonly string[]
  readonly applies: readonly string[]
  readonly statement: Statement
}

/**
 * - `proved`: the plan does it, and a test that names the id shows it
 * - `attested`: a person says so, and the plan asks
 * - `outside`: not done; the plan says what it does instead
 * - `open`: nobody says anything, or nothing shows it
 */
export type Standing = 'proved' | 'attested' | 'outside' | 'open'

export interface Requirement {
  readonly id: string
  readonly text: string
  readonly standing: Standing
  /** Test files, who attests, what is done instead, or why it is open. */
  readonly by: string
}

export interface RunbookCoverage {
  readonly runbook: string
  readonly requirements: readonly Requirement[]
}

/** A correction or a conflict rule. */
export interface RuleCoverage {
  readonly id: string
  readonly standing: 'proved' | 'open'
  readonly by: string
}

export interface Coverage {
  readonly runbooks: readonly RunbookCoverage[]
  /** `DEF-…`: every one needs a test. */
  readonly corrections: readonly RuleCoverage[]
  /** `CON-…`: every one needs a plan that applies it. */
  readonly conflicts: readonly RuleCoverage[]
  /** What is wrong whatever is open: ids that there are not, or that stand in two places. */
  readonly problems: readonly string[]
}

interface Known {
  readonly catalogue: Catalogue
  readonly plans: readonly CoveringPlan[]
  /** By id, the test files whose titles name it. */
  readonly proofs: ReadonlyMap<string, readonly string[]>
}

const standingOf = (
  id: string,
  plan: CoveringPlan | undefined,
  proofs: Known['proofs'],
): Omit<Requirement, 'id' | 'text'> => {
  if (!plan) return { standing: 'open', by: 'there is no plan of this name' }
  const attested = plan.statement.attested[id]
  if (attested !== undefined) return { standing: 'attested', by: attested }
  const outside = plan.statement.outside[id]
  if (outside !== undefined) return { standing: 'outside', by: outside }
  if (!plan.covers.includes(id)) return { standing: 'open', by: 'neither covered, nor attested, nor outside' }
  const files = proofs.get(id)
  return files
    ? { standing: 'proved', by: files.join(', ') }
    : { standing: 'open', by: 'covered, and no test shows it' }
}

const problemsOf = ({ catalogue, plans, proofs }: Known): string[] => {
  const requirements = new Set(requirementIds(catalogue))
  const known = new Set([...requirements, ...ruleIds(catalogue)])
  return [
    ...plans.flatMap(({ name, covers, applies, statement: { attested, outside } }) => {
      const own = new Set(catalogue.runbooks[name]?.requirements.map(({ id }) => id))
      const said = [...covers, ...Object.keys(attested), ...Object.keys(outside)]
      return [
        ...said.filter((id) => !own.has(id)).map((id) => `${name}: "${id}" is no requirement of its runbook`),
        ...[...new Set(said.filter((id, i) => said.indexOf(id) !== i))].map(
          (id) => `${name}: "${id}" stands in two places`,
        ),
        ...applies.filter((id) => !known.has(id)).map((id) => `${name}: "${id}" is no rule of the catalogue`),
      ]
    }),
    ...[...proofs].flatMap(([id, files]) =>
      known.has(id) ? [] : [`${files.join(', ')}: "${id}" is not in the catalogue`],
    ),
  ]
}

/** Joins the catalogue with what the plans say and what the tests show. */
export const coverageOf = (all: Known): Coverage => {
  const { catalogue, plans, proofs } = all
  return {
    runbooks: Object.entries(catalogue.runbooks).map(([runbook, { requirements }]) => {
      const plan = plans.find(({ name }) => name === runbook)
      return {
        runbook,
        requirements: requirements.map(({ id, text }) => ({ id, text, ...standingOf(id, plan, proofs) })),
      }
    }),
    corrections: catalogue.corrections.map(({ id }) => {
      const files = proofs.get(id)
      return files ? { id, standing: 'proved', by: files.join(', ') } : { id, standing: 'open', by: 'no test shows it' }
    }),
    conflicts: catalogue.conflicts.map(({ id }) => {
      const by = plans.filter(({ applies }) => applies.includes(id)).map(({ name }) => name)
      return by.length > 0
        ? { id, standing: 'proved', by: by.join(', ') }
        : { id, standing: 'open', by: 'no plan applies it' }
    }),
    problems: problemsOf(all),
  }
}

/** How many of each standing. */
export const countStandings = (requirements: readonly { readonly standing: Standing }[]): Record<Standing, number> => {
  const counts = { proved: 0, attested: 0, outside: 0, open: 0 }
  for (const { standing } of requirements) counts[standing] += 1
  return counts
}
