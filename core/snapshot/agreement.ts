import { RollbackError } from '#core/errors.ts'
import { canonicalJson, digestOf, readJson } from '#core/json.ts'
import { printTable } from '#core/names.ts'
import type { Objects } from '#core/ports.ts'
import type { Retirement } from '#core/retire/record.ts'
import { manifestKey, sidecarKey } from '#core/snapshot/keys.ts'
import type { Manifest, ManifestTable } from '#core/snapshot/manifest.ts'
import type { PartContent } from '#core/snapshot/part.ts'
import { addDigests, NO_ROWS, sameDigest } from '#core/snapshot/row-digest.ts'

/**
 * What a manifest says more than once, and what others say of the same: whoever edits one and computes its digest anew has to
 * change all of them. `null` when all agree.
 */
export function disagreement({ tables }: Pick<Manifest, 'tables'>): string | null {
  const table = tables.find((each) => !addsUp(each))
  return table ? `the parts of "${printTable(table)}" do not add up to the table` : null
}

function addsUp({ parts, rows, digest, bytes, rawBytes, sha256 }: ManifestTable): boolean {
  const sum = (of: (part: PartContent) => number) => parts.map(of).reduce((a, b) => a + b, 0)
  return (
    sameDigest(parts.reduce(addDigests, NO_ROWS), { rows, digest }) &&
    sum(({ storedBytes }) => storedBytes) === bytes &&
    sum((part) => part.rawBytes) === rawBytes &&
    digestOf(parts.map(({ rawSha256 }) => rawSha256)) === sha256
  )
}

/** A part says itself what was written into it. Throws `Snapshot.PartMissing`, `Snapshot.ManifestCorrupt`. */
export async function requireSidecar(objects: Objects, part: PartContent): Promise<void> {
  const key = sidecarKey(part.key)
  const found = await readJson(objects, key)
  if (!found) {
    throw new RollbackError('Snapshot.PartMissing', `"${key}" is not in the bucket.`, {
      fix: 'Restore its version in the bucket (a delete leaves a marker), or use another snapshot.',
      category: 'refused',
    })
  }
  if (canonicalJson(found.value) !== canonicalJson(part))
    throw corrupt(`The manifest and "${key}" say different things`)
}

/** The database knows of the retirement itself. Throws `Snapshot.ManifestCorrupt`. */
export function requireAsRetired(manifest: Manifest, retirement: Retirement): void {
  const same =
    manifest.tables.length === retirement.tables.length &&
    manifest.tables.every(
      (table, i) => canonicalJson(table.definition) === canonicalJson(retirement.tables[i]?.definition),
    )
  if (same) return
  const key = manifestKey(manifest.plan, manifest.snapshot)
  throw corrupt(`"${key}" defines other tables than retirement "${retirement.id}" recorded in the database`)
}

const corrupt = (what: string): RollbackError =>
  new RollbackError('Snapshot.ManifestCorrupt', `${what}: one of them was edited.`, {
    fix: 'Restore the first versions of both in the bucket (it keeps versions); do not edit them.',
    category: 'refused',
  })
