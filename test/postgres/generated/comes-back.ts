import { newBucket } from '../snapshot-bucket.ts'
import { type Actor, type Application, createApplication, type Look, type Where } from './database.ts'
import { purgedAndRestored, thereAndBack } from './round-trip.ts'
import { scriptOf } from './script.ts'

/** Where two looks differ: a few lines. */
function difference(before: Look, after: Look): string | null {
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [was, is] = [before[name] ?? [], after[name] ?? []]
    const lines = Math.max(was.length, is.length)
    const at = Array.from({ length: lines }, (_, i) => i).find((i) => was[i] !== is[i])
    if (at === undefined && name in before === name in after) continue
    const near = (text: readonly string[]) =>
      text
        .slice(Math.max(0, (at ?? 0) - 4), (at ?? 0) + 3)
        .map((line) => line.slice(0, 400))
        .join('\n    ')
    return `${name} differs at line ${at}:\n  was\n    ${near(was)}\n  is\n    ${near(is)}`
  }
  return null
}

/**
 * Restored means identical: `pg_dump --schema-only`, rows and sequences are compared after retire and undo, and after retire,
 * snapshot, verify, purge and restore. `parts`: how many parts the snapshot had.
 */
export async function comesBack(
  make: (where: Where) => Application,
  actor: Actor,
): Promise<{ tables: number; parts: number }> {
  const { schema, database, look, drop } = await createApplication(make, actor)
  try {
    const place = { database, tables: schema.tables, objects: await newBucket() }
    const before = await look()
    await thereAndBack(place)
    requireSame('undo', before, await look())
    const parts = await purgedAndRestored(place)
    requireSame('purge and restore', before, await look())
    return { tables: schema.tables.length, parts }
  } catch (error) {
    const fix = error instanceof Error && 'fix' in error ? `\nfix: ${String(error.fix)}` : ''
    throw new Error(`${String(error)}${fix}\nas ${actor}, of\n${scriptOf(schema.statements)}`, { cause: error })
  } finally {
    await drop()
  }
}

function requireSame(what: string, before: Look, after: Look): void {
  const found = difference(before, after)
  if (found !== null) throw new Error(`After ${what}, ${found}`)
}
