import { type Milliseconds, printDuration } from '#core/plan/duration.ts'
import { writeTable } from '#core/plan/vocabulary.ts'
import { MARK } from '#core/plan-init/fill-in.ts'
import { asksForTenant, type Proposal, printedTables } from '#core/plan-init/proposal.ts'

/** JSON strings are YAML's double-quoted ones. */
const text = (value: string): string => JSON.stringify(value)
const list = (values: readonly string[]): string => `[${values.map(text).join(', ')}]`
const time = (milliseconds: number): string => printDuration(milliseconds as Milliseconds)

/** The feature that only some plans have is not there, rather than empty. */
const when = (condition: boolean, lines: string): string => (condition ? lines : '')

/** Up to the next major version: those that the plan was not looked at for are refused. */
const versions = (version: string): string => {
  const [major = '0', minor = '0'] = version.split('.')
  return `>=${major}.${minor}.0 <${Number(major) + 1}`
}

const head = ({ name, facts, flag, parameter }: Proposal, tables: string): string => `version: 1
name: ${name}
title: ${text(`Vector search of ${facts.database}`)}
# ${MARK}: what it is for, and what users have without it.
description: ${text(`The tables with vectors of ${facts.database}, switched by ${flag}.`)}

database:
  sentinel: { sql: sql/sentinel.sql, equals: ${text(facts.comment ?? facts.database)} }
  extension: { name: ${facts.extension.name}, versions: ${text(versions(facts.extension.version))} } # here ${facts.extension.version}

flags:
  # ${MARK}: the switch of your feature. Containment writes this parameter, and nothing else.
  ${flag}:
    parameter: ${text(parameter)}
    safe: "false"
    "on": "true"
    delivery: poll
    within: 1m

protects:
  tables: ${tables}
  extension: ${facts.extension.name}
`

const signals = (secured: boolean): string => `
# ${MARK}: the limits. These are first guesses.
signals:
  query-timeout:
    describe: A query on the tables of the plan has been running for more than 30 seconds.
    probe: sql/longest-query.sql
    above: 30
    unit: seconds
    for: 2m
    severity: high
  blocked-queries:
    describe: Sessions wait for statements on the tables of the plan.
    probe: sql/blocked-queries.sql
    above: 0
    unit: sessions
    for: 2m
    severity: high
  invalid-indexes:
    describe: An index of the tables is invalid, and nobody is building it.
    probe: sql/invalid-indexes.sql
    above: 0
    unit: indexes
    for: 5m
    severity: medium
${when(
  secured,
  `  row-security-gap:
    describe: A table has lost row security, or a policy, that it had when the plan was written.
    probe: sql/row-security-gaps.sql
    above: 0
    unit: tables
    for: 0s
    severity: critical
`,
)}  database-unreachable:
    describe: The probes cannot connect to the database.
    connect: true
    for: 3m # a failover is shorter
    severity: critical
`

const decide = (secured: boolean, partial: boolean): string => `
# ${MARK}: what is to happen. The flag goes off at once where it says so, and a person is asked before tables move.
decide:
  - { when: query-timeout, path: ${partial ? 'partial' : 'flag'}, contain: immediately, within: 15m${when(partial, ', approve: [on-call]')} }
  - { when: blocked-queries, path: flag, contain: immediately, within: 15m }
  - { when: invalid-indexes, path: monitor, contain: "no", within: 2h }
${when(secured, '  - { when: row-security-gap, path: full, contain: immediately, within: 15m, approve: [team-lead] }\n')}  - { when: database-unreachable, path: flag, contain: immediately, within: 15m }
`

const paths = ({ droppable, allow, budgets }: Proposal, tables: string): string => `
# ${MARK}: the budgets, from the size of the tables today.
paths:
  flag:
    budget: 1m
${when(
  droppable.length > 0,
  `  partial:
    steps:
      - drop-indexes: { indexes: ${list(droppable.map(writeTable))} }
    budget: 10m
`,
)}  full:
    retire: ${tables}
${when(allow.length > 0, `    # ${MARK}: these go out of reach with the tables, and come back with them.\n    allow: ${list(allow)}\n`)}    purge: { after: 7d, approve: [team-lead, dba], within: 24h, extension: keep }
    budget: ${time(budgets.full)}
  restore:
    budget: ${time(budgets.restore)}
    re-enable:
      approve: [team-lead]
      gates:
        - The cause of the rollback is known, and mended.
`

const readable = (proposal: Proposal): string =>
  proposal.tables
    .map(
      ({ slug, table }) => `  readable-${slug}:
    describe: ${text(`${writeTable(table)} can be read${proposal.facts.application === null ? '' : ' as the application reads it'}.`)}
    sql: sql/readable-${slug}.sql
${when(proposal.facts.application !== null, `    as: ${text(proposal.facts.application ?? '')}\n`)}    expect: { at-least: ${asksForTenant(proposal, table) ? 1 : 0} }
    after: [flag, partial, restore, re-enable]
`,
    )
    .join('')

const checks = (proposal: Proposal): string => `
# ${MARK}: the ones that ask your application (docs/plan.md, "Checks").
checks:
  flag-is-off:
    describe: The flag has its safe value.
    flag: ${proposal.flag}
    is: safe
    after: [flag, partial, full, purge, restore]
  flag-is-on:
    describe: The flag has the value of normal service.
    flag: ${proposal.flag}
    is: "on"
    after: [re-enable]
${readable(proposal)}  tables-gone:
    describe: The tables are out of reach.
    sql: sql/tables-gone.sql
    expect: { value: true }
    after: [full, purge]
  extension-installed:
    describe: The extension is installed.
    sql: sql/extension.sql
    expect: { rows: 1 }
    after: [full, purge, restore, re-enable]
${when(
  proposal.droppable.length > 0,
  `  no-vector-index:
    describe: The vector indexes are gone, valid or not.
    sql: sql/vector-indexes-left.sql
    expect: { no-rows: true }
    after: [partial]
`,
)}${when(
  proposal.valid.length > 0,
  `  vector-indexes-valid:
    describe: Every vector index is there, and valid.
    sql: sql/vector-indexes-missing.sql
    expect: { no-rows: true }
    after: [restore, re-enable]
`,
)}  no-invalid-index:
    describe: No index of the tables is invalid.
    sql: sql/invalid-indexes.sql
    expect: { value: 0 }
    after: [restore, re-enable]
${when(
  proposal.secured.length > 0,
  `  row-security-kept:
    describe: Row security is as it was when the plan was written.
    sql: sql/row-security-gaps.sql
    expect: { value: 0 }
    after: [partial, restore, re-enable]
`,
)}`

const people = `
watch: {}

# ${MARK}: people by role, and how they are reached.
contacts:
  on-call: { name: "${MARK}: who is on call", reach: ["${MARK}: pager"] }
  dba: { name: "${MARK}: who runs the database", reach: ["${MARK}: pager"] }
  team-lead: { name: "${MARK}: who answers for the feature", reach: ["${MARK}: chat or telephone"] }
escalation:
  - { after: 15m, tell: [on-call], alternatives: [approve, deny, retry, hold] }
  - { after: 30m, tell: [dba, team-lead], alternatives: [approve, deny, retry, restore, hold] }
`

/** `plan.yaml`: strict in form, a first guess in content. */
export const planYaml = (proposal: Proposal): string => {
  const tables = list(printedTables(proposal))
  const secured = proposal.secured.length > 0
  return [
    `# A first plan, from the catalogue of ${text(proposal.facts.database)}. Whatever says ${MARK} is for people: README.md has the list.\n`,
    head(proposal, tables),
    signals(secured),
    decide(secured, proposal.droppable.length > 0),
    paths(proposal, tables),
    checks(proposal),
    people,
  ].join('')
}
