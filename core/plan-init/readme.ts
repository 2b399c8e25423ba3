import { printTable } from '#core/names.ts'
import { writeTable } from '#core/plan/vocabulary.ts'
import type { ProtectedTable } from '#core/plan-init/facts.ts'
import { fillIn, MARK } from '#core/plan-init/fill-in.ts'
import { MOST_ROWS } from '#core/plan-init/fixture-rows.ts'
import { leftOut, type Proposal } from '#core/plan-init/proposal.ts'
import { counted, size } from '#core/report/figures.ts'

/** Names are anybody's choice: one does not end its cell or its code. */
const code = (value: string): string =>
  `\`\` ${value.replaceAll('`', "'").replaceAll('|', '\\|').replaceAll(/\s+/g, ' ')} \`\``
const bullets = (items: readonly string[], none: string): string =>
  items.length === 0 ? none : items.map((item) => `- ${item}`).join('\n')

const tableRow = ({ secured, facts }: Proposal, { table, vectors, rows, bytes, parts }: ProtectedTable): string => {
  const policies = secured.find((each) => printTable(each.table) === printTable(table))
  const security =
    policies === undefined
      ? 'none'
      : `${policies.forced ? 'forced' : 'on, not for the owner'}, ${counted(policies.policies.length, 'policy', 'policies')}`
  const indexes = facts.indexes.filter((index) => printTable(index.table) === printTable(table))
  return `| ${[
    `${code(writeTable(table))}${parts > 0 ? ` and ${counted(parts, 'part')}` : ''}`,
    vectors.map(({ column, type }) => `${code(column)} ${code(type)}`).join(', ') || 'none',
    rows === null ? 'not known' : `about ${counted(rows, 'row')}`,
    size(bytes),
    indexes.map(({ name, method, valid }) => `${code(name)} (${method}${valid ? '' : ', INVALID'})`).join(', ') ||
      'none',
    security,
  ].join(' | ')} |`
}

const fixture = (proposal: Proposal, empty: readonly string[]): string => {
  const { roles, extensions, neighbours } = proposal.facts.surroundings
  const others = extensions.filter(({ name }) => name !== proposal.facts.extension.name)
  return `\`fixture/\` is the schema of these tables as a drill needs it, with at most ${MOST_ROWS} generated rows in each. No row of the database was
read for it. Names, comments, defaults, the bodies of functions and the labels of types are the real ones: read them before you commit them.

${bullets(
  [
    ...(neighbours.length > 0
      ? [
          `Beside the tables: ${neighbours.map(({ table }) => code(writeTable(table))).join(', ')}, for foreign keys and what views and functions read. Keys that lead further are left out.`,
        ]
      : []),
    ...(roles.length > 0
      ? [
          `Roles ${roles.map(({ name }) => code(name)).join(', ')}: made without login where they are absent. They belong to the server, and stay there after a drill with --database-url: use one that is not production.`,
        ]
      : []),
    ...(others.length > 0
      ? [
          `Extensions ${others.map(({ name }) => code(name)).join(', ')}: the embedded database has only ${proposal.facts.extension.name}. Drill with --database-url on a server that has them.`,
        ]
      : []),
    ...(empty.length > 0
      ? [
          `No rows in ${empty.map(code).join(', ')}: a column needs a type that no value is made for. Write some into fixture/rows.sql.`,
        ]
      : []),
    ...proposal.facts.surroundings.unwritten.map(
      (object) =>
        `MISSING: ${code(object)}, which the tables need. Write it into fixture/schema.sql before the first drill.`,
    ),
    ...leftOut(proposal).map((object) => `Left out: ${object}.`),
    'Left out: rights beyond these tables and their schemas, the settings and passwords of roles, tablespaces, invalid indexes, security labels, the values of sequences.',
    'A row that a constraint does not allow is not made: the drill names the tables that stay empty.',
  ],
  '',
)}`
}

/** README.md: what was found, what is left to people, how to go on. */
export const readme = (proposal: Proposal, empty: readonly string[]): string => {
  const { name, facts } = proposal
  return `# ${name}

A first plan, written by \`vector-rollback plan init\` from the catalogue of ${code(facts.database)} (PostgreSQL ${facts.serverVersion}, ${facts.extension.name}
${facts.extension.version} in schema ${code(facts.extension.schema)}). It passes its check and can be previewed as it is, and drilled${
    facts.surroundings.unwritten.length > 0 ? ' once what the fixture lacks is there' : ' as well'
  }. Before it may do
anything by itself, people fill in what a catalogue cannot know.

## Fill in

Search for ${MARK} in plan.yaml.

${bullets(fillIn(proposal), '')}

## What was found

| table | vectors | rows | size | vector indexes | row security |
| ----- | ------- | ---- | ---- | -------------- | ------------ |
${facts.tables.map((table) => tableRow(proposal, table)).join('\n')}

Goes out of reach with the tables and comes back with them:

${bullets(proposal.allow.map(code), 'Nothing else depends on them.')}

In the way of the full path, and not allowed by this plan:

${bullets(
  facts.inTheWay.map(({ object, why, never }) => `${code(object)}: ${never ?? why}.`),
  'Nothing.',
)}

## The fixture of the drill

${fixture(proposal, empty)}
`
}
