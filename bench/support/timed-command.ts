import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

/** Seconds that a program takes, its output thrown away. Rejects, with what it said, unless it exits with 0. */
export const timedCommand = async (program: string, args: readonly string[], signal: AbortSignal): Promise<number> => {
  const started = performance.now()
  // The output goes to /dev/null itself: nothing of it passes this process.
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], signal })
  const [[code], said] = await Promise.all([once(child, 'close'), text(child.stderr)])
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${said}`)
  return (performance.now() - started) / 1000
}
