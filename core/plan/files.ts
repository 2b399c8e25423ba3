import { lstat, open, readdir, realpath } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'

/** More than any plan or SQL file needs; a plan is read whole into memory. */
export const MAX_BYTES = 256 * 1024

export type FileContent =
  | { readonly ok: true; readonly bytes: Uint8Array; readonly text: string }
  | { readonly ok: false; readonly message: string; readonly fix: string }

const failure = (message: string, fix: string): FileContent => ({ ok: false, message, fix })

const hasCode = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && 'code' in error

/** Symbolic links are followed only inside the folder: a plan's digest must cover what is run. */
const staysInside = async (directory: string, name: string): Promise<boolean> => {
  const way = relative(await realpath(directory), await realpath(join(directory, name)))
  return way !== '..' && !way.startsWith(`..${sep}`)
}

/** Reads a file below a plan's folder as UTF-8, at most `MAX_BYTES`. */
export const readPlanFile = async (directory: string, name: string): Promise<FileContent> => {
  try {
    if (!(await staysInside(directory, name))) {
      return failure(`"${name}" is a link that leads out of the plan's folder.`, 'Copy the file into the folder.')
    }
    await using file = await open(join(directory, name))
    const { size } = await file.stat()
    if (size > MAX_BYTES) return failure(`"${name}" has ${size} bytes.`, `Keep it under ${MAX_BYTES} bytes.`)
    const bytes = await file.readFile()
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    if (text.includes('\0')) return failure(`"${name}" contains a NUL byte.`, 'Save it as UTF-8 text.')
    return { ok: true, bytes, text }
  } catch (error) {
    if (error instanceof TypeError) return failure(`"${name}" is not UTF-8.`, 'Save it as UTF-8 text.')
    if (!hasCode(error)) throw error
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR')
      return failure(`"${name}" does not exist.`, 'Create the file, or correct its name.')
    return failure(`"${name}" cannot be read (${error.code}).`, 'Make it a readable file.')
  }
}

/** The `.sql` files below `sql/`, as names below the plan's folder. Empty when there is no such folder. */
export const listSqlFiles = async (directory: string): Promise<string[]> => {
  const root = join(directory, 'sql')
  const present = await lstat(root).then(
    (entry) => entry.isDirectory(),
    () => false,
  )
  if (!present) return []
  const entries = await readdir(root, { recursive: true })
  return entries
    .filter((name) => name.endsWith('.sql'))
    .map((name) => `sql/${name.split(sep).join('/')}`)
    .sort()
}
