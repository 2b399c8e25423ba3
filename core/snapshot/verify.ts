import { RollbackError } from '#core/errors.ts'
import type { Objects } from '#core/ports.ts'
import { requireSidecar } from '#core/snapshot/agreement.ts'
import { inParallel } from '#core/snapshot/in-parallel.ts'
import type { Manifest } from '#core/snapshot/manifest.ts'
import type { PartContent } from '#core/snapshot/part.ts'
import { decompressed, gathered, measured } from '#core/snapshot/stream.ts'

/**
 * `lengths`: every object is there with its length, and says of itself what the manifest says. `digests`: each is read, and its
 * stored and raw digests compared.
 */
export type Depth = 'lengths' | 'digests'

/**
 * Compares a snapshot in the bucket with its manifest; reads `readManifest`'s result.
 * Throws `Snapshot.PartMissing`, `Snapshot.PartTruncated`, `Snapshot.PartCorrupt`, `Snapshot.ManifestCorrupt`, naming the
 * object.
 */
export async function verifySnapshot(
  objects: Objects,
  manifest: Manifest,
  { depth, signal }: { depth: Depth; signal?: AbortSignal },
): Promise<{ objects: number; bytes: number; depth: Depth }> {
  const parts = manifest.tables.flatMap((table) => table.parts)
  await inParallel(parts, 16, (part) => checkLength(objects, part))
  if (depth === 'digests') {
    await inParallel(parts, 2, (part) => readWhole(objects, part, signal))
  }
  return { objects: parts.length, bytes: parts.reduce((sum, part) => sum + part.storedBytes, 0), depth }
}

/** Reads a part to its end, for its digests alone. Throws as `verifiedPart`. */
export async function readWhole(objects: Objects, part: PartContent, signal?: AbortSignal): Promise<void> {
  for await (const _ of verifiedPart(objects, part, signal)) signal?.throwIfAborted()
}

export async function checkLength(objects: Objects, part: PartContent): Promise<void> {
  const head = await objects.head(part.key)
  if (!head) {
    throw new RollbackError('Snapshot.PartMissing', `"${part.key}" is not in the bucket.`, {
      fix: 'Restore its version in the bucket (a delete leaves a marker), or use another snapshot.',
      category: 'refused',
    })
  }
  if (head.bytes === part.storedBytes) return requireSidecar(objects, part)
  throw new RollbackError(
    'Snapshot.PartTruncated',
    `"${part.key}" has ${head.bytes} bytes, the manifest says ${part.storedBytes}.`,
    { fix: 'Restore its earlier version in the bucket, or use another snapshot.', category: 'refused' },
  )
}

/**
 * The COPY stream of a part. It throws before its end unless length and digest, stored and raw, are those of the manifest:
 * who feeds it to COPY in one transaction never commits a corrupt part. Throws `Snapshot.PartCorrupt`.
 */
export async function* verifiedPart(
  objects: Objects,
  part: PartContent,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const compare = (what: string, wanted: string) => (found: { sha256: string }) => {
    if (found.sha256 !== wanted)
      throw corrupt(part.key, `${what} digest is ${found.sha256}, the manifest says ${wanted}`)
  }
  const stored = measured(gathered(await objects.stream(part.key, signal)), compare('its stored', part.storedSha256))
  try {
    yield* measured(decompressed(stored), compare('its raw', part.rawSha256))
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('ZSTD_')) {
      throw corrupt(part.key, 'it is not the compressed stream that was written', error)
    }
    throw error
  }
}

const corrupt = (key: string, why: string, cause?: unknown) =>
  new RollbackError('Snapshot.PartCorrupt', `"${key}" is corrupt: ${why}.`, {
    fix: 'Restore its earlier version in the bucket, or use another snapshot.',
    category: 'refused',
    cause,
  })
