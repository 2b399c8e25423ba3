import { createHash } from 'node:crypto'
import type { Sha256 } from '#core/names.ts'
import type { Objects } from '#core/ports.ts'

/** JSON with sorted keys: the same value always gives the same bytes. `undefined` members are left out. */
export const canonicalJson = (value: unknown): string =>
  JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : member,
  )

/** SHA-256 of the canonical JSON, in lower-case hex. */
export const digestOf = (value: unknown): Sha256 =>
  createHash('sha256').update(canonicalJson(value)).digest('hex') as Sha256

/** A JSON object of the bucket, or `null`. The caller parses the shape. */
export const readJson = async (objects: Objects, key: string): Promise<{ value: unknown; etag: string } | null> => {
  const found = await objects.read(key)
  return found && { value: JSON.parse(Buffer.from(found.body).toString('utf8')) as unknown, etag: found.etag }
}

export const writeJson = (
  objects: Objects,
  key: string,
  value: unknown,
  condition?: { ifAbsent: true } | { ifMatch: string },
): Promise<{ etag: string } | null> =>
  objects.write(key, `${JSON.stringify(value, null, 2)}\n`, condition, 'application/json')

/** Objects that are read at the same time: a run of many parts has thousands of events. */
const AT_ONCE = 16

/** All JSON objects under a prefix, in the order of their keys. */
export const readAllJson = async (objects: Objects, prefix: string): Promise<{ key: string; value: unknown }[]> => {
  const names: string[] = []
  for await (const { key } of objects.list(prefix)) if (key.endsWith('.json')) names.push(key)
  const found: { key: string; value: unknown }[] = []
  for (let from = 0; from < names.length; from += AT_ONCE) {
    const keys = names.slice(from, from + AT_ONCE)
    const read = await Promise.all(keys.map(async (key) => ({ key, read: await readJson(objects, key) })))
    for (const { key, read: json } of read) if (json) found.push({ key, value: json.value })
  }
  return found
}
