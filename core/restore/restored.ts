import { z } from 'zod'

const Count = z.int().min(0)

/** What a finished restore was: `restored.json` in the bucket. */
export const Restored = z.strictObject({
  restoredAt: z.iso.datetime(),
  tables: z.array(z.strictObject({ schema: z.string(), name: z.string(), rows: Count })),
  /** Foreign keys to or from other tables that could not be validated: in force for new rows, and NOT VALID. */
  unvalidated: z.array(
    z.strictObject({
      foreignKey: z.string(),
      /** `schema.name` of the referencing table. */
      table: z.string(),
      /** Rows that refer to none; `null` when nobody could look. */
      orphans: Count.nullable(),
      why: z.string(),
    }),
  ),
  /** Materialized views, `schema.name`, whose query failed: they are back, without data. */
  unrefreshed: z.array(z.strictObject({ view: z.string(), why: z.string() })).default([]),
})
export type Restored = z.infer<typeof Restored>
