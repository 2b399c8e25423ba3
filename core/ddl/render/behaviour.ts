import type { EnabledState, PolicyDefinition, TableDefinition } from '#core/ddl/definition.ts'
import { asItWas } from '#core/ddl/render/expression.ts'
import { named, role } from '#core/ddl/render/names.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

const ENABLE: Readonly<Record<EnabledState, string>> = {
  O: 'enable',
  D: 'disable',
  R: 'enable replica',
  A: 'enable always',
}

/** Triggers, each in the state it was in. A partition's copies come with those of its parent, which has to be first. */
export const triggers = (definition: TableDefinition): Sql[] => [
  ...definition.triggers.filter(({ inherited }) => !inherited).map((trigger) => asItWas(trigger.definition)),
  ...triggerStates(definition).filter((_, i) => definition.triggers[i]?.enabled !== 'O'),
]

export const triggerStates = ({ table, triggers }: TableDefinition): Sql[] =>
  triggers.map(
    ({ name, enabled }) => sql`alter table only ${named(table)} ${sql.raw(ENABLE[enabled])} trigger ${sql.id(name)}`,
  )

/** Rewrite rules, each in the state it was in. */
export const rules = (definition: TableDefinition): Sql[] => [
  ...definition.rules.map((rule) => asItWas(rule.definition)),
  ...ruleStates(definition).filter((_, i) => definition.rules[i]?.enabled !== 'O'),
]

export const ruleStates = ({ table, rules }: TableDefinition): Sql[] =>
  rules.map(({ name, enabled }) => sql`alter table ${named(table)} ${sql.raw(ENABLE[enabled])} rule ${sql.id(name)}`)

/** Policies first: row security that is on without them would show nothing. */
export const rowSecurity = ({ table, rowSecurity, policies }: TableDefinition): Sql[] => [
  ...policies.map((policy) => createPolicy(named(table), policy)),
  ...(rowSecurity.enabled ? [sql`alter table ${named(table)} enable row level security`] : []),
  ...(rowSecurity.forced ? [sql`alter table ${named(table)} force row level security`] : []),
]

function createPolicy(table: Sql, policy: PolicyDefinition): Sql {
  const parts = [
    sql`create policy ${sql.id(policy.name)} on ${table} as ${sql.raw(policy.permissive ? 'permissive' : 'restrictive')}`,
    sql`for ${sql.raw(policy.command)} to ${sql.join(policy.roles.map(role))}`,
  ]
  if (policy.using !== null) parts.push(sql`using (${asItWas(policy.using)})`)
  if (policy.check !== null) parts.push(sql`with check (${asItWas(policy.check)})`)
  return sql.join(parts, ' ')
}

/** What logical replication sends of old rows, and which index CLUSTER follows. */
export const identityAndOrder = ({ table, replicaIdentity, constraints, indexes }: TableDefinition): Sql[] => {
  const clustered = [
    ...constraints.filter(({ index }) => index?.clustered),
    ...indexes.filter((index) => index.clustered && index.valid),
  ]
  const identity =
    replicaIdentity.kind === 'default'
      ? []
      : [
          sql`alter table ${named(table)} replica identity ${
            replicaIdentity.kind === 'index'
              ? sql`using index ${sql.id(replicaIdentity.index)}`
              : sql.raw(replicaIdentity.kind)
          }`,
        ]
  return [...identity, ...clustered.map(({ name }) => sql`alter table ${named(table)} cluster on ${sql.id(name)}`)]
}
