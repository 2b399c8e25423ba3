import type { Grant, TableDefinition } from '#core/ddl/definition.ts'
import { named, role } from '#core/ddl/render/names.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/** What a run of neighbouring grants with the same grantor and grantee becomes: one aclitem. */
interface Item {
  readonly grantor: string
  readonly grantee: string | null
  readonly grants: readonly Grant[]
}

/**
 * Privileges on the table, its columns and its sequences, exactly as recorded. Needs a transaction: `set local role` plays the
 * grantors, and the session's own role comes back at the end. The owner has to be right before.
 */
export function grants(definition: TableDefinition): Sql[] {
  const { table, owner } = definition
  const own = replay(sql`table ${named(table)}`, definition.grants, owner)
  // A grant option for the whole table serves for its columns, too.
  const grantors = [owner, ...grantees((definition.grants ?? []).filter(({ grantable }) => grantable))]
  const columns = definition.columns.flatMap(({ name, grants }) =>
    items(sql`table ${named(table)}`, inGrantableOrder(grants ?? [], grantors), owner, name),
  )
  const sequences = definition.sequences.flatMap(({ sequence, grants }) =>
    replay(sql`sequence ${named(sequence)}`, grants, owner),
  )
  return [
    resetGrants(named(table)),
    ...own,
    ...columns,
    ...definition.sequences.map(({ sequence }) => resetGrants(named(sequence))),
    ...sequences,
  ]
}

/** Privileges on one object. The owner has to be right before, and nobody else has any left. */
export function replay(object: Sql, grants: readonly Grant[] | null, owner: string): Sql[] {
  if (grants === null) return [sql`grant all on ${object} to ${role(owner)}`]
  return [
    sql`revoke all on ${object} from ${role(owner)} cascade`,
    ...items(object, inGrantableOrder(grants, [owner]), owner, null),
  ]
}

function items(object: Sql, ordered: readonly Item[], owner: string, column: string | null): Sql[] {
  return ordered.flatMap(({ grantor, grantee, grants }) => {
    const granting = [false, true].flatMap((grantable) => {
      const privileges = grants.filter((grant) => grant.grantable === grantable).map(({ privilege }) => privilege)
      if (privileges.length === 0) return []
      const list = sql.join(privileges.map((privilege) => on(privilege, column)))
      return [sql`grant ${list} on ${object} to ${role(grantee)}${grantable ? sql` with grant option` : sql``}`]
    })
    return grantor === owner
      ? granting
      : [sql`set local role ${sql.id(grantor)}`, ...granting, sql`set local role none`]
  })
}

const on = (privilege: string, column: string | null): Sql => {
  if (!/^[A-Z]+$/.test(privilege)) throw new TypeError(`"${privilege}" is not the name of a privilege`)
  return column === null ? sql.raw(privilege) : sql`${sql.raw(privilege)} (${sql.id(column)})`
}

/**
 * The order of the catalogue, in which pg_dump prints them; an item waits for the one that gives its grantor the right to
 * grant, where an earlier source of that right was revoked since.
 */
function inGrantableOrder(grants: readonly Grant[], grantors: readonly string[]): Item[] {
  const able = new Set(grantors)
  const ordered: Item[] = []
  let waiting = itemsOf(grants)
  while (waiting.length > 0) {
    const item = waiting.find(({ grantor }) => able.has(grantor)) ?? waiting[0]
    for (const grantee of grantees(item?.grants.filter(({ grantable }) => grantable) ?? [])) able.add(grantee)
    if (item) ordered.push(item)
    waiting = waiting.filter((other) => other !== item)
  }
  return ordered
}

const grantees = (grants: readonly Grant[]): string[] =>
  grants.flatMap(({ grantee }) => (grantee === null ? [] : [grantee]))

function itemsOf(grants: readonly Grant[]): Item[] {
  const result: (Item & { grants: Grant[] })[] = []
  for (const grant of grants) {
    const last = result.at(-1)
    if (last && last.grantor === grant.grantor && last.grantee === grant.grantee) last.grants.push(grant)
    else result.push({ grantor: grant.grantor, grantee: grant.grantee, grants: [grant] })
  }
  return result
}

/**
 * Takes back what ALTER DEFAULT PRIVILEGES gave at creation, to whomever: only the catalogue of that moment knows.
 */
const resetGrants = (relation: Sql): Sql =>
  sql`do ${sql.literal(`
declare
  relation constant regclass := ${sql.literal(relation.text).text};
  other record;
begin
  for other in
    select distinct item.grantee, c.relkind
      from pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) item
     where c.oid = relation and item.grantee <> c.relowner
  loop
    execute pg_catalog.format('revoke all on %s %s from %s cascade',
      case when other.relkind = 'S' then 'sequence' else 'table' end, relation,
      case when other.grantee = 0 then 'public' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(other.grantee)) end);
  end loop;
end`)}`
