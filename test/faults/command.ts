import { spawn } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, vi } from 'vitest'
import type { Path } from '#core/names.ts'
import type { Scene } from '#test/faults/scene.ts'
import type { Wire } from '#test/faults/wire.ts'
import { PLAN } from '#test/support/paths.ts'

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))

/** A moment in the talk between a run and its database. */
export type Instant = readonly ['before' | 'after', string, ...string[]]

export interface CommandOptions {
  readonly plans?: string
  /** To restore, whatever stands there; approved by whom the plan asks. */
  readonly snapshot?: string
  /** Way to the database, where it is not the scene's own. */
  readonly url?: string
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Command {
  readonly ended: Promise<Ended>
  /** SIGKILL: the process does nothing any more, not even close its files. */
  kill(): void
}

/** `vector-rollback run` in a process of its own, approved by everybody whom a purge asks. */
export const startCommand = (scene: Scene, path: Path, { plans, snapshot, url }: CommandOptions = {}): Command => {
  const child = spawn(
    process.execPath,
    [
      ...[MAIN, 'run', PLAN, '--path', path, '--local', '--database-url', url ?? scene.db.url],
      ...['--state', scene.state, '--confirm', PLAN, '--json', '--no-watch', ...(plans ? ['--plans', plans] : [])],
      ...(snapshot ? ['--snapshot', snapshot, '--approve', 'team-lead=alice'] : []),
      ...(path === 'purge' ? ['--approve', 'team-lead=alice', '--approve', 'dba=bob'] : []),
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'vector-rollback-compiled') },
    },
  )
  const closed = new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.once('close', (code, signal) => resolve([code, signal])).once('error', reject)
  })
  return {
    ended: Promise.all([text(child.stdout), text(child.stderr), closed]).then(([stdout, stderr, [code, signal]]) => ({
      ...{ code, signal, stdout, stderr },
    })),
    kill: () => void child.kill('SIGKILL'),
  }
}

/** To its end, which must be as intended. */
export const runCommand = async (scene: Scene, path: Path, options: CommandOptions = {}): Promise<void> => {
  const { code, stdout, stderr } = await startCommand(scene, path, options).ended
  expect(code, `${stdout}\n${stderr}`).toBe(0)
}

const histories = async (state: string): Promise<string[]> => {
  const folder = join(state, 'states')
  const names = await readdir(folder).catch(() => [])
  return names.filter((name) => !name.includes('lock')).map((name) => join(folder, name, 'history.jsonl'))
}

/** Starts a run, kills it at that moment, and waits until it is gone. A run that ends before the moment came is an error. */
const killAt = async (command: Command, moment: Promise<unknown>, what: string): Promise<void> => {
  const over = command.ended.then(({ code, stdout, stderr }) => {
    throw new Error(`it ended with ${code} before "${what}":\n${stdout}\n${stderr}`)
  })
  try {
    await Promise.race([moment, over])
  } finally {
    over.catch(() => undefined)
    command.kill()
  }
  expect((await command.ended).signal).toBe('SIGKILL')
}

/** Killed as soon as its history shows that it has entered the state. */
export const killInState = async (
  scene: Scene,
  path: Path,
  state: string,
  options: CommandOptions = {},
): Promise<void> => {
  const before = new Set(await histories(scene.state))
  const command = startCommand(scene, path, options)
  const entered = async (): Promise<boolean> => {
    const [file] = (await histories(scene.state)).filter((name) => !before.has(name))
    const history = file === undefined ? '' : await readFile(file, 'utf8').catch(() => '')
    return history.includes(`"stateEnteredEventDetails":{"name":"${state}"`)
  }
  await killAt(command, vi.waitUntil(entered, { interval: 1, timeout: 30_000 }), state)
}

/** Killed while a request is on its way to the database (`before`), or its answer on the way back (`after`). */
export const killOnWire = async (
  scene: Scene,
  path: Path,
  [side, ...passing]: Instant,
  { wire, ...options }: CommandOptions & { wire: Wire },
): Promise<void> => {
  const caught = wire[side](passing)
  await killAt(startCommand(scene, path, { ...options, url: wire.url }), caught, passing.join(' … '))
}
