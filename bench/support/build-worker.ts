import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** Builds the worker into one module, as the functions are built for Lambda: types stripped as it runs would count as its memory. */
export const buildWorker = async (directory: string): Promise<string> => {
  const outfile = join(directory, 'part-worker.mjs')
  await build({
    entryPoints: [fileURLToPath(new URL('part-worker.ts', import.meta.url))],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    mainFields: ['module', 'main'],
    external: ['pg-native'],
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
    logLevel: 'warning',
  })
  return outfile
}
