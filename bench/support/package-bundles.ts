import { statSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Metafile } from 'esbuild'

/** The module of an entry and all chunks that it imports, as `writePackage` wrote them: what Lambda reads before the first event. */
export const bundleBytes = ({ outputs }: Metafile, directory: string, entry: string): number => {
  const modules = new Map(Object.entries(outputs).map(([path, output]) => [basename(path), output]))
  const loaded = new Set<string>()
  const load = (name: string): void => {
    const module = modules.get(name)
    if (module === undefined) throw new Error(`the package has no module "${name}"`)
    if (loaded.has(name)) return
    loaded.add(name)
    for (const { path, external, kind } of module.imports)
      if (!external && kind === 'import-statement') load(basename(path))
  }
  load(`${entry}.mjs`)
  return [...loaded].reduce((sum, name) => sum + statSync(join(directory, name)).size, 0)
}
