import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const DEFINITION = new URL('../statemachines/rollback.asl.json', import.meta.url)

/** The state machine's definition, for the picture in a report. */
export const machineDefinition = async (): Promise<unknown> => JSON.parse(await readFile(DEFINITION, 'utf8'))

/** Writes files into a folder, each whole or not at all. Resolves to their paths, in the same order. */
export const writeReports = async (directory: string, files: Readonly<Record<string, string>>): Promise<string[]> => {
  await mkdir(directory, { recursive: true })
  return Promise.all(
    Object.entries(files).map(async ([name, text]) => {
      const path = join(directory, name)
      await writeFile(`${path}.part`, text)
      await rename(`${path}.part`, path)
      return path
    }),
  )
}
