import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { build, type Metafile, type Plugin } from 'esbuild'
import { PLAN_FILE, type Plan } from '#core/plan/load.ts'
import { STEPS } from '#core/steps/registry.ts'

const ROOT = join(import.meta.dirname, '..')
/** Never made: only the paths in the source maps are relative to it, so that every machine builds the same bytes. */
const NOMINAL = join(ROOT, 'package')

/** The functions: one per kind of step, and those that alarms, people, the schedule and the deployment call. */
export const ENTRIES: readonly string[] = [
  ...STEPS.map(({ kind }) => kind),
  'on-alarm',
  'probe',
  'answer',
  'approval-key',
  'sweep-alarms',
  'observe-report',
  'remind',
  'health',
]

/** zod brings its messages in fifty languages, a fifth of what containment would have to load. */
const inEnglish: Plugin = {
  name: 'in-english',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /(^|\/)locales\/index\.js$/ }, ({ resolveDir }) =>
      /[\\/]zod[\\/]v4[\\/]/.test(resolveDir)
        ? { path: join(resolveDir, '..', 'locales', 'en.js'), suffix: '?only' }
        : null,
    )
    onLoad({ filter: /\/locales\/en\.js$/ }, ({ path, suffix }) =>
      suffix === '?only' ? { contents: `export { default as en } from './en.js'`, resolveDir: dirname(path) } : null,
    )
  },
}

/**
 * Writes the code of all functions into a folder: a module `<entry>.mjs` each, what they share in chunks, source maps, and
 * the plans with the SQL files that they name, beside the modules. One package for all: a bundle each is the same adapters 30 times over (80 MB
 * instead of 3), and one upload that changes as a whole never leaves half of the functions with another plan.
 *
 * The AWS SDK is part of it, not the one that the runtime brings: the versions that the tests and drills ran with.
 */
export const writePackage = async (directory: string, plans: readonly Plan[]): Promise<Metafile> => {
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ENTRIES.map((entry) => `functions/${entry}.ts`),
    outdir: NOMINAL,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    mainFields: ['module', 'main'],
    // Names stay: they stand in errors. Source maps bring back the lines.
    minifyWhitespace: true,
    minifySyntax: true,
    sourcemap: true,
    sourcesContent: false,
    // Loaded by pg only when somebody asks for the native client.
    external: ['pg-native'],
    plugins: [inEnglish],
    // CommonJS among the dependencies asks for built-in modules by require, which an ES module does not have.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
    write: false,
    metafile: true,
    logLevel: 'warning',
  })
  for (const { path, contents } of outputFiles) write(join(directory, relative(NOMINAL, path)), contents)
  for (const plan of plans)
    for (const file of [PLAN_FILE, ...Object.keys(plan.sql)]) {
      const target = join(directory, 'plans', basename(plan.directory), file)
      mkdirSync(dirname(target), { recursive: true })
      cpSync(join(plan.directory, file), target)
    }
  return metafile
}

const write = (path: string, contents: Uint8Array): void => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, contents)
}
