import { isRollbackError, RollbackError } from '#core/errors.ts'
import type { Objects } from '#core/ports.ts'
import { inParallel } from '#core/snapshot/in-parallel.ts'
import { inspectManifest, type Manifest, type SnapshotName } from '#core/snapshot/manifest.ts'
import type { PartContent } from '#core/snapshot/part.ts'
import { checkLength, readWhole } from '#core/snapshot/verify.ts'

export interface Examined {
  /** `null` when there is none that can be read. */
  readonly manifest: Manifest | null
  /** Everything that is wrong, each naming its object: first the manifest, then the parts in their order. */
  readonly failures: readonly RollbackError[]
  readonly objects: number
  /** Of the parts, as the manifest says. */
  readonly bytes: number
}

export interface ExamineOptions {
  readonly signal?: AbortSignal
  /** How many bytes there are to read, once that is known. */
  readonly began?: (bytes: number) => void
  readonly read?: (bytes: number) => void
}

/**
 * Reads a snapshot whole and compares it with its manifest: presence, length, stored and raw digest of every object. Does
 * not stop at what is wrong, and writes nothing. A bucket that does not answer is no finding about the snapshot: it throws.
 */
export async function examineSnapshot(
  objects: Objects,
  name: SnapshotName,
  { signal, began, read }: ExamineOptions = {},
): Promise<Examined> {
  const { manifest, problems } = await inspectManifest(objects, name)
  if (!manifest) {
    return { manifest, failures: problems.length > 0 ? problems : [notSealed(name)], objects: 0, bytes: 0 }
  }
  const parts = manifest.tables.flatMap((table) => table.parts)
  const bytes = parts.reduce((sum, { storedBytes }) => sum + storedBytes, 0)
  began?.(bytes)
  const counting: Objects = {
    ...objects,
    stream: async (key, signal) => counted(await objects.stream(key, signal), read),
  }
  const found = await inParallel(parts, 2, (part) => examinePart(counting, part, signal))
  return {
    manifest,
    failures: [...problems, ...found.flatMap((failure) => failure ?? [])],
    objects: parts.length + 1,
    bytes,
  }
}

async function examinePart(objects: Objects, part: PartContent, signal?: AbortSignal): Promise<RollbackError | null> {
  try {
    await checkLength(objects, part)
    await readWhole(objects, part, signal)
    return null
  } catch (error) {
    if (isRollbackError(error) && isFinding(error)) return error
    throw error
  }
}

/** Also what the bucket itself finds: other bytes than it was given, an object that vanished since it was looked for. */
const isFinding = ({ name }: RollbackError): boolean =>
  name.startsWith('Snapshot.') || name === 'Bucket.ChecksumMismatch' || name === 'Bucket.NoSuchKey'

async function* counted(
  body: AsyncIterable<Uint8Array>,
  read: ((bytes: number) => void) | undefined,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    read?.(chunk.length)
    yield chunk
  }
}

const notSealed = ({ plan, snapshot }: SnapshotName) =>
  new RollbackError('Snapshot.NotSealed', `"${snapshot}" of plan "${plan}" has no manifest: it is no snapshot.`, {
    fix: 'It was interrupted, or is still being taken; "snapshots sweep" clears up what was left behind.',
    category: 'refused',
  })
