import type { Dependent } from '#core/ddl/catalogue/dependents.ts'
import { readEventTriggers } from '#core/ddl/catalogue/event-triggers.ts'
import { findRelations } from '#core/ddl/catalogue/locate.ts'
import { readPeculiarities } from '#core/ddl/catalogue/peculiarities.ts'
import { type Replicated, readReplication } from '#core/ddl/catalogue/publications.ts'
import { assertEmptySearchPath } from '#core/ddl/catalogue/search-path.ts'
import { type Capturable, type FoundDependents, findDependents } from '#core/ddl/dependents/find.ts'
import { readUntouchable, type Untouchable } from '#core/ddl/dependents/memberships.ts'
import type { Table } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

export interface Finding {
  /** Type and identity, the name by which a plan allows it: `view public.recent`, `publication "App"`. */
  readonly object: string
  readonly why: string
  /** Why it is refused even where the plan allows it, and what helps. */
  readonly never?: string
}

const KINDS: Readonly<Record<string, string>> = {
  f: 'foreign table',
  v: 'view',
  m: 'materialized view',
  S: 'sequence',
  i: 'index',
  I: 'partitioned index',
  c: 'composite type',
}

/**
 * Everything that capturing, retiring and creating these tables anew would lose or leave behind. A caller refuses unless the
 * plan allows each object by name. Tables that do not exist are passed over: `captureTables` names them. `dependents`: where
 * somebody has looked for them just now.
 */
export async function findUncapturable(
  session: Session,
  tables: readonly Table[],
  dependents?: FoundDependents,
): Promise<Finding[]> {
  await assertEmptySearchPath(session)
  const relations = await findRelations(session, tables)
  const findings: Finding[] = relations
    .filter(({ kind }) => kind !== 'r' && kind !== 'p')
    .map(({ kind, printed }) => ({
      object: `${KINDS[kind] ?? 'relation'} ${printed}`,
      why: 'is not an ordinary or partitioned table',
    }))
  const oids = relations.map((relation) => relation.oid)
  findings.push(...(await readPeculiarities(session, oids)))
  const { capturable, others } = dependents ?? (await findDependents(session, oids))
  findings.push(...capturable.map(goesAlong), ...others.map(isLeftBehind))
  const replication = await readReplication(session, oids)
  const untouchable = replication.length > 0 ? await readUntouchable(session, oids) : []
  findings.push(...replication.map((replicated) => replicates(replicated, untouchable)))
  for (const { object, event } of await readEventTriggers(session)) {
    findings.push({
      object,
      why: `fires on DDL (${event}) and may hold it up or change it; if allowed, it fires for retirement, undo, purge and restore`,
    })
  }
  return findings
}

/** What a plan allows of these is captured: moved out of reach with the tables, and given back with them. */
const goesAlong = ({ object, on, kind, owner, schema, mayCreate }: Capturable): Finding => ({
  object,
  why: `depends on ${on}; if allowed, it goes out of reach with the table and comes back with it${
    kind === 'materialized view' ? ', from a snapshot refreshed' : ''
  }`,
  ...(mayCreate || owner === null || schema === null
    ? {}
    : {
        never: `belongs to "${owner}", who may not create in its schema, so that undo could not make it the owner again: ${
          sql`grant create on schema ${sql.id(schema)} to ${sql.id(owner)}`.text
        }`,
      }),
})

const isLeftBehind = ({ object, on, obstacle, leaks }: Dependent): Finding => {
  const reason = `depends on ${on}, and cannot be captured${obstacle === null ? '' : `: ${obstacle}`}`
  return {
    object,
    why: `${reason}; if allowed, it is left behind, useless until the table is back, and a purge is refused as long as it is there`,
    ...(leaks ? { never: `${reason}, and would go on giving out rows: give it another owner, or drop it` } : {}),
  }
}

const replicates = ({ object, table, by }: Replicated, untouchable: readonly Untouchable[]): Finding => {
  const superusers = by === 'name' ? untouchable.find((publication) => publication.object === object) : undefined
  return {
    object,
    why: REPLICATES[by](table),
    ...(superusers
      ? {
          never: `replicates ${table} and belongs to the superuser "${superusers.owner}", so that the table cannot be taken out of it: ${
            sql`alter publication ${sql.id(superusers.publication)} owner to ${sql.id(superusers.tableOwner)}`.text
          }`,
        }
      : {}),
  }
}

const REPLICATES: Readonly<Record<Replicated['by'], (table: string) => string>> = {
  name: (table) => `replicates ${table}; if allowed, the table is taken out of it, and put back by undo or restore`,
  schema: (table) =>
    `replicates ${table} with its whole schema; if allowed, the table leaves it by the move, and is in it again when it is back`,
  'all tables': (table) =>
    `replicates ${table} as it does all tables; if allowed, it carries the retired table on, and a restore as new rows`,
  subscription: (table) =>
    `fills ${table}; if allowed, its worker fails until the table is back, and a purge is refused as long as it does`,
}
