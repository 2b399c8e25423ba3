import type { DatabaseFacts } from '#core/plan-init/facts.ts'
import { fillIn } from '#core/plan-init/fill-in.ts'
import { fixtureModule, rowsFile } from '#core/plan-init/fixture-module.ts'
import { schemaFiles } from '#core/plan-init/fixture-schema.ts'
import { planYaml } from '#core/plan-init/plan-yaml.ts'
import { propose } from '#core/plan-init/proposal.ts'
import { readme } from '#core/plan-init/readme.ts'
import { sqlFiles } from '#core/plan-init/sql-files.ts'

export interface FirstPlan {
  /** Text by path in the plan's folder, `plan.yaml` last. */
  readonly files: Readonly<Record<string, string>>
  /** What is left to people. */
  readonly fillIn: readonly string[]
}

/** A first plan of a database: the same files for the same facts. */
export const firstPlan = (name: string, facts: DatabaseFacts): FirstPlan => {
  const proposal = propose(name, facts)
  const rows = rowsFile(facts)
  return {
    files: {
      ...sqlFiles(proposal),
      ...schemaFiles(facts),
      'fixture/rows.sql': rows.text,
      'fixture/fixture.ts': fixtureModule(facts),
      'README.md': readme(proposal, rows.empty),
      'plan.yaml': planYaml(proposal),
    },
    fillIn: fillIn(proposal),
  }
}
