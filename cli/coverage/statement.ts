import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { Statement } from '#core/coverage/statement.ts'
import { RollbackError } from '#core/errors.ts'

const FILE = 'coverage.yaml'

/** Reads the file of a plan's folder; nothing is attested or outside where there is none. Throws `Coverage.Invalid`. */
export const readStatement = async (folder: string): Promise<Statement> => {
  const file = join(folder, FILE)
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { attested: {}, outside: {} }
    throw error
  }
  const read = Statement.safeParse(parse(text, { maxAliasCount: 0 }) ?? {})
  if (read.success) return read.data
  throw new RollbackError('Coverage.Invalid', `"${file}" is not as it should be: ${z.prettifyError(read.error)}`, {
    fix: 'Write attested and outside, each a mapping from an id such as PGV-17 to one sentence.',
    category: 'usage',
  })
}
