import { createHash } from 'node:crypto'
import { Capture, captureKey, folderOf } from '#core/capture/record.ts'
import { closeCaptured, nextCaptured, openCaptured, sumsOfCaptured } from '#core/capture/statements.ts'
import { RollbackError } from '#core/errors.ts'
import type { Run } from '#core/incident/run.ts'
import { readJson, writeJson } from '#core/json.ts'
import type { Clock, Objects, Session } from '#core/ports.ts'
import { digestFromSums, type RowDigest } from '#core/snapshot/row-digest.ts'

/** Bytes of one object: what is held in memory at a time. */
const PART_BYTES = 4 * 1024 * 1024
/** Rows asked for at a time; wide ones (a vector of 1,536 numbers is 20 KB as text) fit as well. */
const FETCH = 200

export const sha256 = (body: Uint8Array | string): string => createHash('sha256').update(body).digest('hex')

/** Count and digest of the rows in `pg_temp.captured`. */
export const digestOfCaptured = async (session: Session): Promise<RowDigest> => {
  const { rows } = await session.query<{ rows: string; first: string; second: string }>(sumsOfCaptured())
  const [sums] = rows
  if (!sums) throw new TypeError('an aggregate without a row')
  return digestFromSums(Number(sums.rows), BigInt(sums.first), BigInt(sums.second))
}

/** Write-once. What an attempt before has written is found, and has to be the same: the key has the digest of all rows. */
const writeOnce = async (objects: Objects, key: string, body: string): Promise<void> => {
  if (await objects.write(key, body, { ifAbsent: true }, 'application/x-ndjson')) return
  const found = await objects.read(key)
  if (found && sha256(found.body) === sha256(body)) return
  throw new RollbackError('Capture.NotKept', `"${key}" is there and does not hold the rows that belong there.`, {
    fix: 'Nothing was changed. See who wrote it, restore its first version in the bucket, then retry.',
    category: 'refused',
  })
}

/** Lines of the rows, up to `PART_BYTES` together. Needs an open transaction. */
async function* partsOfCaptured(session: Session): AsyncGenerator<{ body: string; rows: number }> {
  await session.query(openCaptured())
  let lines: string[] = []
  let bytes = 0
  for (;;) {
    const { rows } = await session.query<{ row: string }>(nextCaptured(FETCH))
    for (const { row } of rows) {
      lines.push(`${row}\n`)
      bytes += row.length + 1
      if (bytes < PART_BYTES) continue
      yield { body: lines.join(''), rows: lines.length }
      lines = []
      bytes = 0
    }
    if (rows.length < FETCH) break
  }
  if (lines.length > 0) yield { body: lines.join(''), rows: lines.length }
  await session.query(closeCaptured())
}

/**
 * Writes the rows of `pg_temp.captured` into the evidence of the run: full rows, a line of JSON each, then what they are.
 * The same rows that were captured before are found, not written again. Throws `Bucket.*`, `Capture.NotKept`.
 */
export const keepCaptured = async (
  session: Session,
  run: Run,
  file: string,
  { rows, digest }: RowDigest,
  { objects, clock }: { readonly objects: Objects; readonly clock: Clock },
): Promise<Capture> => {
  const folder = `${folderOf(run.incident, file)}${digest}-${rows}/`
  const before = await readJson(objects, captureKey(folder))
  if (before) return Capture.parse(before.value)
  const parts: Capture['parts'] = []
  for await (const { body, rows: count } of partsOfCaptured(session)) {
    const key = `${folder}${String(parts.length + 1).padStart(5, '0')}.jsonl`
    await writeOnce(objects, key, body)
    parts.push({ key, rows: count, bytes: Buffer.byteLength(body), sha256: sha256(body) })
  }
  const at = clock.now().toISOString()
  const capture: Capture = { version: 1, incident: run.incident, file, at, rows, digest, parts }
  if (await writeJson(objects, captureKey(folder), capture, { ifAbsent: true })) return capture
  // Somebody else's capture of the same rows is as good, once it can be read.
  const other = await readJson(objects, captureKey(folder))
  if (other) return Capture.parse(other.value)
  throw new RollbackError('Capture.NotKept', `"${captureKey(folder)}" could not be written.`, {
    fix: 'Nothing was changed. Retry.',
  })
}
