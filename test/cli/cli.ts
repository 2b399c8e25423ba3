import { spawn } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))
const plans = fileURLToPath(new URL('../../plans', import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command line as a person would, in a process of its own. */
export const cli = async (
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> => {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise<number | null>((resolve, reject) => child.once('close', resolve).once('error', reject))
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { code, stdout, stderr }
}

/** A copy of the project's plan in a folder of its own, with pieces of its files replaced; every piece must be there. */
export const planCopy = async (
  edits: readonly (readonly [file: string, from: string, to: string])[] = [],
): Promise<string> => {
  const parent = await mkdtemp(join(tmpdir(), 'vector-rollback-cli-'))
  onTestFinished(() => rm(parent, { recursive: true, force: true }))
  const directory = join(parent, 'pgvector-search')
  await cp(join(plans, 'pgvector-search'), directory, { recursive: true })
  for (const [file, from, to] of edits) {
    const path = join(directory, file)
    const before = await readFile(path, 'utf8')
    if (!before.includes(from)) throw new Error(`"${from}" is not in ${file}`)
    await writeFile(path, before.replaceAll(from, to))
  }
  return directory
}

/** One screen of 24 lines of 80 characters is what a person sees at once; errors may take two. */
export const linesOf = (output: string): number => output.trimEnd().split('\n').length
