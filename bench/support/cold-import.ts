import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * Milliseconds from starting a process to its end, with what a handler has to load before its first event in between; nothing when
 * no module is given. The flags are those that functions are deployed with.
 */
export const timedImport = async (module: string | null, signal: AbortSignal): Promise<number> => {
  const code = module === null ? '' : `await (await import(${JSON.stringify(module)})).handler.ready; process.exit()`
  const started = performance.now()
  await run(
    process.execPath,
    ['--enable-source-maps', '--max-semi-space-size=1', '--input-type=module', '--eval', code],
    { signal },
  )
  return performance.now() - started
}
