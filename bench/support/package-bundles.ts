import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Counts files and bytes as Node loads them. */
const COUNTING = `
  import { registerHooks } from 'node:module'
  let bytes = 0
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context)
      if (url.startsWith('file:')) bytes += Buffer.byteLength(loaded.source ?? '')
      return loaded
    },
  })
  await (await import(process.argv[1])).handler.ready
  process.stdout.write(String(bytes))
  process.exit()`

/** Bytes of code that a handler loads before its first event: its own module, and the adapters of its ports. */
export const loadedBytes = async (module: string, signal: AbortSignal): Promise<number> => {
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', COUNTING, module], { signal })
  return Number(stdout)
}
