import { isMembership } from '#core/ddl/dependents/definition.ts'
import type { Table } from '#core/names.ts'
import { writeTable } from '#core/plan/vocabulary.ts'
import type { DatabaseFacts, ProtectedTable, VectorIndex } from '#core/plan-init/facts.ts'

const MINUTE = 60_000
const GIGABYTE = 1e9

/** A relation under a name that can stand in names of files and checks. */
export interface Slugged {
  readonly slug: string
  readonly table: Table
}

/** What is written into the plan, apart from how. */
export interface Proposal {
  readonly name: string
  readonly facts: DatabaseFacts
  readonly flag: string
  readonly parameter: string
  readonly tables: readonly Slugged[]
  /** Vector indexes that the partial path may drop: there is no such path without one. */
  readonly droppable: readonly VectorIndex[]
  /** Those that have to be valid after a restore. */
  readonly valid: readonly VectorIndex[]
  /** Tables with row security today. */
  readonly secured: readonly Secured[]
  /** What goes along with the tables, by name. */
  readonly allow: readonly string[]
  /** Settings that policies ask for: who the tenant is, for one. */
  readonly settings: readonly string[]
  /** In milliseconds, from the size of the tables. */
  readonly budgets: { readonly full: number; readonly restore: number }
}

export interface Secured {
  readonly table: Table
  readonly forced: boolean
  readonly policies: readonly string[]
}

/** `public."Doc Chunks"` → `doc-chunks`; a number follows where that is taken. */
const slugs = (tables: readonly ProtectedTable[]): Slugged[] => {
  const taken = new Map<string, number>()
  return tables.map(({ table }) => {
    const slug = table.name
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-+|-+$/g, '')
    const base = /^[a-z]/.test(slug) ? slug : `table-${slug}`.replace(/-$/, '')
    const times = (taken.get(base) ?? 0) + 1
    taken.set(base, times)
    return { slug: times === 1 ? base : `${base}-no${times}`, table }
  })
}

/** The settings that the texts read, such as the one that says who the tenant is. */
const settingsIn = (texts: readonly string[]): string[] => [
  ...new Set(
    texts.flatMap((text) =>
      [...text.matchAll(/current_setting\(\s*'([A-Za-z_][\w.]*\.[\w.]+)'/g)].flatMap(([, name]) => name ?? []),
    ),
  ),
]

const settingsOf = ({ definitions, surroundings }: DatabaseFacts): string[] =>
  settingsIn([
    ...definitions.flatMap(({ policies }) => policies.flatMap(({ using, check }) => [using ?? '', check ?? ''])),
    ...surroundings.routines.map(({ definition }) => definition.definition),
  ])

/** To ten minutes: what is longer than thought is a finding, and not a matter of seconds. */
const rounded = (milliseconds: number): number => Math.ceil(milliseconds / (10 * MINUTE)) * 10 * MINUTE

export const propose = (name: string, facts: DatabaseFacts): Proposal => {
  const flag = `${name.replaceAll('-', '_').toUpperCase()}_ENABLED`
  const gigabytes = facts.tables.reduce((sum, { bytes }) => sum + bytes, 0) / GIGABYTE
  const droppable = facts.indexes.filter(({ bound }) => !bound)
  return {
    name,
    facts,
    flag,
    parameter: `/app/{env}/${flag}`,
    tables: slugs(facts.tables),
    droppable,
    valid: droppable.filter(({ valid }) => valid),
    secured: facts.definitions
      .filter(({ rowSecurity }) => rowSecurity.enabled)
      .map(({ table, rowSecurity, policies }) => ({
        table,
        forced: rowSecurity.forced,
        policies: policies.map((policy) => policy.name),
      })),
    allow: facts.dependents.map(({ object }) => object),
    settings: settingsOf(facts),
    // A snapshot of a gigabyte in a minute, its way back with its vector indexes in ten: slower than most.
    budgets: {
      full: rounded(30 * MINUTE + gigabytes * MINUTE),
      restore: rounded(60 * MINUTE + gigabytes * 10 * MINUTE),
    },
  }
}

/** Publications are left out of a fixture: who subscribes is no part of a drill. */
export const leftOut = ({ facts }: Proposal): string[] => [
  ...facts.dependents.filter(isMembership).map(({ object }) => `${object}, with whoever subscribes to it`),
  ...facts.inTheWay.map(({ object }) => `${object}, which is in the way of the full path`),
]

export const printedTables = ({ tables }: Proposal): string[] => tables.map(({ table }) => writeTable(table))

/** Its policies ask who the tenant is: a question by nobody gets an error, or no rows, and proves nothing. */
export const asksForTenant = ({ secured, settings }: Proposal, { schema, name }: Table): boolean =>
  settings.length > 0 && secured.some(({ table }) => table.schema === schema && table.name === name)
