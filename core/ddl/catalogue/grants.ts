import { type Sql, sql } from '#core/sql/tag.ts'

/**
 * An `aclitem[]` as JSON of `Grant[]`, in the order of the array: `pg_dump` prints it in that order. NULL, and what equals
 * the default for the owner, are null.
 */
export const grantsOf = (acl: Sql, byDefault: Sql = sql`null::aclitem[]`): Sql => sql`
  case when ${acl} is not null and ${acl} is distinct from ${byDefault} then (
    select coalesce(json_agg(json_build_object(
             'grantor', pg_get_userbyid(item.grantor),
             'grantee', case when item.grantee <> 0 then pg_get_userbyid(item.grantee) end,
             'privilege', item.privilege,
             'grantable', item.grantable) order by item.place), '[]')
      from aclexplode(${acl}) with ordinality item(grantor, grantee, privilege, grantable, place)) end`
