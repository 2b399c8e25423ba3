import { readDependents } from '#core/ddl/catalogue/dependents.ts'
import { readEventTriggers } from '#core/ddl/catalogue/event-triggers.ts'
import { findRelations } from '#core/ddl/catalogue/locate.ts'
import { readPeculiarities } from '#core/ddl/catalogue/peculiarities.ts'
import { readReplication } from '#core/ddl/catalogue/publications.ts'
import { assertEmptySearchPath } from '#core/ddl/catalogue/search-path.ts'
import type { Table } from '#core/names.ts'
import type { Session } from '#core/ports.ts'

export interface Finding {
  /** Type and identity, the name by which a plan allows it: `view public.recent`, `publication "App"`. */
  readonly object: string
  readonly why: string
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
 * plan allows each object by name. Tables that do not exist are passed over: `captureTables` names them.
 */
export async function findUncapturable(session: Session, tables: readonly Table[]): Promise<Finding[]> {
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
  for (const { object, on } of await readDependents(session, oids)) findings.push({ object, why: `depends on ${on}` })
  for (const { object, table } of await readReplication(session, oids)) {
    findings.push({ object, why: `replicates ${table}` })
  }
  for (const { object, event } of await readEventTriggers(session)) {
    findings.push({ object, why: `fires on DDL (${event}) and may hold it up or change it` })
  }
  return findings
}
