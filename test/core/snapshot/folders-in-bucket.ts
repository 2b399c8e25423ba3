import { createHash, randomBytes } from 'node:crypto'
import { zstdCompressSync } from 'node:zlib'
import { s3SweptObjects } from '#aws/objects-sweep.ts'
import type { TableDefinition } from '#core/ddl/definition.ts'
import { digestOf } from '#core/json.ts'
import type { PlanName, RetirementId, Sha256, SnapshotId } from '#core/names.ts'
import type { Objects, SweptObjects } from '#core/ports.ts'
import { manifestKey, partKey, partsKey, sidecarKey } from '#core/snapshot/keys.ts'
import { type Manifest, manifestDigest } from '#core/snapshot/manifest.ts'
import { createBucket, useEndpoints } from '#test/support/endpoints.ts'

const endpoints = useEndpoints()
export const ENVIRONMENT = 'test'
export const PLAN = 'search' as PlanName

/** A new bucket, and what begins an upload in it that nobody completes. */
export const sweptBucket = async (): Promise<{ objects: SweptObjects; begin: (key: string) => Promise<void> }> => {
  const name = `test-${randomBytes(6).toString('hex')}`
  const { url } = endpoints().endpoints
  await createBucket(url, name)
  return {
    objects: s3SweptObjects(name),
    begin: async (key) => void (await fetch(`${url}/${name}/${key}?uploads`, { method: 'POST' })),
  }
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex') as Sha256

/** Parts, their sidecars and their list, as a snapshot that was interrupted before its manifest leaves them. */
export const writeParts = async (objects: Objects, snapshot: string, plan = PLAN) => {
  const id = snapshot as SnapshotId
  await objects.write(partsKey(plan, id), '[]')
  const parts = []
  for (const index of [0, 1, 2]) {
    const raw = Buffer.from(`rows ${index} of ${snapshot} `.repeat(500))
    const stored = zstdCompressSync(raw)
    const key = partKey(plan, id, index)
    await objects.write(key, stored)
    const content = {
      ...{ index, key, rows: 10, digest: '0'.repeat(32), rawBytes: raw.length, rawSha256: sha256(raw) },
      ...{ storedBytes: stored.length, storedSha256: sha256(stored) },
    }
    await objects.write(sidecarKey(key), JSON.stringify(content))
    parts.push(content)
  }
  return parts
}

/** A whole snapshot with its manifest, of one table in three parts. */
export const writeSealed = async (objects: Objects, snapshot: string, plan = PLAN): Promise<Manifest> => {
  const parts = await writeParts(objects, snapshot, plan)
  const content = {
    ...{ format: 1 as const, plan, snapshot: snapshot as SnapshotId, retirement: snapshot as string as RetirementId },
    ...{ environment: ENVIRONMENT, database: 'db', createdAt: '2026-11-21T03:12:07.000Z', serverVersion: '15.1' },
    ...{ extensions: [], consistency: 'retired' as const },
    tables: [
      {
        ...{ schema: 'public', name: 'items', columns: ['id'], format: 'binary' as const, rows: 30 },
        definition: { table: { schema: 'public', name: 'items' }, columns: [] } as unknown as TableDefinition,
        ...{ digest: '0'.repeat(32), sha256: digestOf(parts.map(({ rawSha256 }) => rawSha256)), parts },
        bytes: parts.reduce((sum, { storedBytes }) => sum + storedBytes, 0),
        rawBytes: parts.reduce((sum, part) => sum + part.rawBytes, 0),
      },
    ],
  }
  const manifest = { ...content, sha256: manifestDigest(content) }
  await objects.write(manifestKey(plan, snapshot as SnapshotId), JSON.stringify(manifest))
  return manifest
}

export const keysIn = async (objects: Objects, prefix = ''): Promise<string[]> => {
  const keys: string[] = []
  for await (const { key } of objects.list(prefix)) keys.push(key)
  return keys
}
