import type { TableDefinition } from '#core/ddl/definition.ts'
import { copyColumns } from '#core/ddl/render.ts'
import { digestOf } from '#core/json.ts'
import type { ManifestTable } from '#core/snapshot/manifest.ts'
import type { PartContent, PartItem } from '#core/snapshot/part.ts'
import { addDigests, NO_ROWS } from '#core/snapshot/row-digest.ts'

/** A table as the manifest has it, by its parts in their order. `item`: any of them, for what they have in common. */
export const manifestTable = (
  definition: TableDefinition,
  part: Pick<PartItem, 'columns' | 'format'> | undefined,
  parts: readonly PartContent[],
): ManifestTable => {
  // A partitioned table has no part.
  const { columns, format } = part ?? { columns: copyColumns(definition), format: 'binary' }
  const { rows, digest } = parts.reduce(addDigests, NO_ROWS)
  return {
    schema: definition.table.schema,
    name: definition.table.name,
    definition,
    columns,
    format,
    rows,
    digest,
    bytes: parts.reduce((sum, { storedBytes }) => sum + storedBytes, 0),
    rawBytes: parts.reduce((sum, { rawBytes }) => sum + rawBytes, 0),
    sha256: digestOf(parts.map(({ rawSha256 }) => rawSha256)),
    parts: [...parts],
  }
}
