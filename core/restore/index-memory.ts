const MIB = 1024 * 1024
/** Below this a setting helps nobody; it is PostgreSQL's own default. */
const LEAST = 64 * MIB

/** Bytes of one element by type; sparsevec has no fixed length and counts as its dense form. */
const ELEMENT_BYTES: Readonly<Record<string, number>> = { vector: 4, halfvec: 2, sparsevec: 4, bit: 1 / 8 }

/** Dimensions and width of a vector type as `format_type` prints it: `public.vector(1536)`. `null` for any other type. */
export function vectorBytes(type: string): number | null {
  const [, name, dimensions] = /(?:^|\.)"?(\w+)"?\((\d+)\)$/.exec(type) ?? []
  const each = name === undefined ? undefined : ELEMENT_BYTES[name]
  return each === undefined ? null : Math.ceil(each * Number(dimensions))
}

/**
 * Memory that an HNSW graph of pgvector takes while it is built: the vector, two entries of 16 bytes per neighbour at
 * the lowest layer, and a header. About 7.2 kB a row at 1536 dimensions and m = 16, as measured with pgvector 0.8; a graph
 * that does not fit is built three times slower.
 */
export const hnswBytes = ({
  rows,
  bytesPerVector,
  m = 16,
}: {
  rows: number
  bytesPerVector: number
  m?: number
}): number => rows * (bytesPerVector + 64 * m + 32)

/** `maintenance_work_mem` for a build, in bytes: what the graph takes and a tenth, between PostgreSQL's default and the budget. */
export const maintenanceMemory = (needed: number, budget: number): { bytes: number; fits: boolean } => {
  const wanted = Math.max(LEAST, Math.ceil(needed * 1.1))
  return { bytes: Math.min(wanted, Math.max(LEAST, budget)), fits: wanted <= budget }
}
