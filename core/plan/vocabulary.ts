import { z } from 'zod'
import { PATHS, type PlanName, type Table } from '#core/names.ts'
import { pattern } from './pattern.ts'

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/

/** Name of a signal, a check, a role of people: lower-case words joined by dashes. */
export const Name = pattern(NAME, 'a name', 'Use lower-case words joined by dashes, such as "search-latency".')

/**
 * At most 32 characters: with the epoch, it has to fit into the 63 bytes of an application_name. In keys of the bucket `all`
 * stands for every plan.
 */
export const PlanNameText = pattern(
  /^(?!all$)(?=.{1,32}$)[a-z][a-z0-9]*(-[a-z0-9]+)*$/,
  'a plan name',
  'Use the name of the folder: lower-case words joined by dashes, 32 characters at most, and not "all", which stands for every plan.',
).transform((name) => name as PlanName)

/** Name of an environment (`dev`, `staging`, `prod`), as it stands in parameter names. */
export const ENVIRONMENT = /^[a-z][a-z0-9-]{0,30}$/

/** A file below the plan's folder; never above it, never absolute. */
export const SqlFile = pattern(
  /^(?!.*(^|\/)\.)[A-Za-z0-9_][A-Za-z0-9_./-]*\.sql$/,
  "an SQL file of the plan's folder",
  'Name a .sql file below the folder of plan.yaml, such as "sql/check.sql", without "..".',
)

const QUOTED = '"(?:[^"\\0]|"")+"'
const PLAIN = '[a-z_][a-z0-9_$]*'
const TABLE = new RegExp(`^(${QUOTED}|${PLAIN})\\.(${QUOTED}|${PLAIN})$`, 'u')
/** PostgreSQL cuts longer identifiers off: 63 bytes. */
const MAX_BYTES = 63

const unquote = (part: string): string => (part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part)
const bytes = (text: string): number => new TextEncoder().encode(text).length

/** `public.embeddings`, `"My schema"."Table"`; `null` when it is not schema and name as SQL writes them. */
export const parseTable = (text: string): Table | null => {
  const [, schema, name] = TABLE.exec(text) ?? []
  if (schema === undefined || name === undefined) return null
  const table = { schema: unquote(schema), name: unquote(name) }
  return bytes(table.schema) <= MAX_BYTES && bytes(table.name) <= MAX_BYTES ? table : null
}

const quoteWhereNeeded = (part: string): string =>
  new RegExp(`^${PLAIN}$`).test(part) ? part : `"${part.replaceAll('"', '""')}"`

/** The text that `parseTable` reads back as the same table: quotes only where SQL needs them. */
export const writeTable = ({ schema, name }: Table): string => `${quoteWhereNeeded(schema)}.${quoteWhereNeeded(name)}`

/** A table, an index or another relation by schema and name. */
export const Relation = z
  .string()
  .transform((text, context): Table => {
    const table = parseTable(text)
    if (table !== null) return table
    context.addIssue({
      code: 'custom',
      message: `"${text}" is not a schema and a name.`,
      params: { fix: 'Write public.embeddings, or "Schema"."Name" in double quotes where SQL needs them.' },
    })
    return z.NEVER
  })
  .meta({ examples: ['public.embeddings'] })

/** An object by kind and identity, as `pg_identify_object` and the preview print them: `view public.recent`. */
export const CatalogueObjectName = pattern(
  /^[a-z][a-z ]* \S.*$/,
  'an object of the catalogue',
  'Write the name that the preview gives, its kind first: "view public.recent".',
).meta({ examples: ['view public.recent', 'publication app'] })

/** A role of the database, as `set role` takes it: unquoted, case as stored. */
export const DatabaseRole = pattern(
  /^[A-Za-z_][A-Za-z0-9_$-]{0,62}$/,
  'a role of the database',
  'Write the name of the role, such as "search_app".',
)

export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const
export type Severity = (typeof SEVERITIES)[number]
export const SeverityName = z.enum(SEVERITIES)

/** What a check may follow: a path, or the re-enabling after a restore. */
export const MOMENTS = [...PATHS, 're-enable'] as const
export type Moment = (typeof MOMENTS)[number]

export const PeopleRoles = z
  .array(Name)
  .describe('Roles of people, each with an entry in contacts. One approval of each is needed.')

/** Who must approve: a person of each role, or that many people who have any of them. Always different people. */
export interface Approve {
  readonly roles: readonly string[]
  readonly people: number
  readonly from: 'each' | 'any'
}

export const onePersonOfEach = (roles: readonly string[]): Approve => ({ roles, people: roles.length, from: 'each' })

const NEITHER = { error: 'this is neither a list of roles nor { roles: [...], people: N }' } as const

const PeopleOfAny = z
  .strictObject({
    roles: PeopleRoles.min(1).describe('Roles of people, each with an entry in contacts.'),
    people: z.int().min(1).max(10).describe('How many different people must approve, each in any of the roles.'),
  })
  .transform((approve): Approve => ({ ...approve, from: 'any' }))

/** `[dba, team-lead]`, or `{ roles: [dba, team-lead], people: 2 }`. */
export const ApproveText = z.union([PeopleRoles.min(1).transform(onePersonOfEach), PeopleOfAny], NEITHER)

/** As `ApproveText`; an empty list is nobody. */
export const ApproveOrNobody = z.union([PeopleRoles.transform(onePersonOfEach), PeopleOfAny], NEITHER)
