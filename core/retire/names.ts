import { createHash } from 'node:crypto'
import type { RetirementId, Table } from '#core/names.ts'

/** Owns the retired tables; nobody logs in with it. */
export const RETIRED_ROLE = 'vector_rollback_retired'
/** Where the retired tables are, and the records of the retirements. */
export const RETIRED_SCHEMA = 'vector_rollback_retired'
export const RECORDS: Table = { schema: RETIRED_SCHEMA, name: 'retirements' }

/** A name that no other retirement and no application has: `r<12 hex of the retirement>_<oid>`. */
export const retiredName = (id: RetirementId, oid: number): string =>
  `r${createHash('sha256').update(id).digest('hex').slice(0, 12)}_${oid}`
