import { z } from 'zod'
import { PartContent, TableName } from '#core/snapshot/part.ts'

/** One item of a restore's `parts.json`: an object, and the side table that its rows go to. */
export const RestoreItem = z.strictObject({
  /** Schema of the notes of this restore. */
  notes: z.string().min(1),
  /** Key of what a finished restore leaves in the bucket. */
  restored: z.string().min(1),
  table: TableName,
  columns: z.array(z.string().min(1)),
  format: z.enum(['binary', 'text']),
  part: PartContent,
})
export type RestoreItem = z.infer<typeof RestoreItem>
