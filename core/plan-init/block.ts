import { type Sql, sql } from '#core/sql/tag.ts'

/** A DO block as people write it, so that they can change it: in dollars, unless the text has the same. */
export const doBlock = (body: string): Sql =>
  body.includes('$do$') ? sql`do ${sql.literal(body)}` : sql`do $do$${sql.raw(body)}$do$`
