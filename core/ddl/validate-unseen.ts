import { captureTable } from '#core/ddl/capture.ts'
import type { ForeignKeyDefinition, TableDefinition } from '#core/ddl/definition.ts'
import { lendPrivilege } from '#core/ddl/lend-privilege.ts'
import { validateForeignKey } from '#core/ddl/render/foreign-keys.ts'
import { grants } from '#core/ddl/render/grants.ts'
import { named, role } from '#core/ddl/render/names.ts'
import type { Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

/** Everybody who may select, directly or by a column; the owner has the right until it is revoked. */
const selectors = ({ owner, grants: own, columns }: TableDefinition): (string | null)[] => [
  ...new Set([
    owner,
    ...[...(own ?? []), ...columns.flatMap((column) => column.grants ?? [])].flatMap(({ privilege, grantee }) =>
      privilege === 'SELECT' ? [grantee] : [],
    ),
  ]),
]

/**
 * Validates a key whose child forces row security on the session's role, which owns it. VALIDATE's one query would be
 * filtered, or refused; where its role may not select from the child, PostgreSQL asks the trigger of the key row by row
 * instead, and that sees all of them. So the right to select is revoked and given back inside one transaction: nobody else
 * ever sees it missing. Slower than the one query; orphans are found the same (23503).
 */
export const validateUnseen = (session: Session, foreignKey: ForeignKeyDefinition): Promise<void> =>
  session.transaction(async () => {
    const child = await captureTable(session, foreignKey.from)
    const everybody = sql.join(selectors(child).map(role))
    await session.query(sql`revoke select on table ${named(foreignKey.from)} from ${everybody} cascade`)
    // The trigger reads the parent as the parent's owner.
    await lendPrivilege(session, 'SELECT', [foreignKey.to], () => session.query(validateForeignKey(foreignKey)))
    for (const statement of grants(child)) await session.query(statement)
  })
