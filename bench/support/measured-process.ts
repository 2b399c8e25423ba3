import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))
const REPORT_PEAK = new URL('report-peak.ts', import.meta.url).href

export interface Measured {
  readonly stdout: string
  /** The largest resident set that the process ever had, in bytes. */
  readonly peakBytes: number
  readonly seconds: number
}

/** Runs the command line in a process of its own. Rejects, with what it said, unless it exits with 0. */
export const measuredCli = async (args: readonly string[], signal: AbortSignal): Promise<Measured> => {
  const started = performance.now()
  const child = spawn(process.execPath, ['--import', REPORT_PEAK, MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    signal,
  })
  // Also when it is aborted, it is waited for: its files are in use until then.
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  let failure: Error | null = null
  child.once('error', (error) => {
    failure = error
  })
  const [, out, err, peak] = child.stdio
  const streams = [out, err, peak].map((stream) => (stream && 'read' in stream ? text(stream) : ''))
  const [code, stdout = '', stderr = '', bytes = ''] = await Promise.all([ended, ...streams])
  if (failure !== null) throw failure
  if (code !== 0) throw new Error(`vector-rollback ${args.join(' ')}\nended with ${code}: ${stderr}`)
  const peakBytes = Number.parseInt(bytes, 10)
  if (!(peakBytes > 0)) throw new Error(`the process did not tell its memory, but "${bytes}"`)
  return { stdout, peakBytes, seconds: (performance.now() - started) / 1000 }
}
