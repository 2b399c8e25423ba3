import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { idsInTitles } from '#core/coverage/statement.ts'

/** By id, the test files that prove it, relative to the folder. Files that do not end in `.test.ts` prove nothing. */
export const readProofs = async (folder: string): Promise<ReadonlyMap<string, readonly string[]>> => {
  const proofs = new Map<string, string[]>()
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
  for (const file of files.sort())
    for (const id of idsInTitles(await readFile(file, 'utf8')))
      proofs.set(id, [...(proofs.get(id) ?? []), relative(folder, file)])
  return proofs
}
