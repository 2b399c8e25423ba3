import { closeSync, mkdirSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** A file of JSON lines that is only ever appended to. What was appended survives a kill of this process. */
export interface Journal {
  append(value: unknown): void
  close(): void
}

/** Opens it for appending, making the folder where needed; what a kill left of a last line is cut off. */
export const openJournal = (path: string): Journal => {
  mkdirSync(dirname(path), { recursive: true })
  cutTornLine(path)
  const file = openSync(path, 'a')
  return {
    append(value) {
      // Synchronous: the order of the calls is the order of the lines, and who appended knows that it is written.
      const line = Buffer.from(`${JSON.stringify(value)}\n`)
      for (let written = 0; written < line.length; ) written += writeSync(file, line, written)
    },
    close: () => closeSync(file),
  }
}

/** All whole lines; none when there is no such file. */
export const readJournal = (path: string): unknown[] => {
  const text = read(path).toString('utf8')
  const lines = text.split('\n')
  lines.pop()
  return lines.map((line) => JSON.parse(line) as unknown)
}

const cutTornLine = (path: string): void => {
  const bytes = read(path)
  const whole = bytes.lastIndexOf('\n') + 1
  if (whole < bytes.length) truncateSync(path, whole)
}

const read = (path: string): Buffer => {
  try {
    return readFileSync(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return Buffer.alloc(0)
    throw error
  }
}
