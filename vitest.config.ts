import { defineConfig } from 'vitest/config'
import { scratch } from './test/support/scratch.ts'

/** What moves tables and rows, and what they look like afterwards, runs again on the newest PostgreSQL; so do the roles of the bootstrap. */
const NEWEST = [
  ...['ddl-roundtrip', 'ddl-roundtrip-newer', 'nasty-round-trips', 'round-trip-property', 'inheritance'],
  ...['dependents-retire', 'dependents-restore', 'partitions-retire', 'partitions-restore', 'ledger'],
  ...['retire-undo', 'retire-bootstrap', 'restore-bootstrap', 'snapshot-restore', 'purge'],
].map((name) => `test/postgres/${name}.test.ts`)

const project = (name: string, major: string, include: string[]) => ({
  extends: true as const,
  // Not inherited: one server for each project.
  test: { name, include, env: { TEST_POSTGRES: major }, globalSetup: 'test/support/global-setup.ts' },
})
const { TEST_POSTGRES: chosen, TEST_DATABASE_URL: given } = process.env
const all = project(`postgres-${given ? 'given' : (chosen ?? '15')}`, chosen ?? '15', ['test/**/*.test.ts'])

const memory = scratch()

// The #aliases are Node's own package imports; nothing here has to know them.
export default defineConfig({
  test: {
    // Who chose a version or gave a server gets that alone: TEST_POSTGRES=18 runs everything on 18.
    projects: chosen || given ? [all] : [all, project('postgres-18', '18', [...NEWEST, 'test/cli/bootstrap.test.ts'])],
    // The functions log as in AWS; here the assertions speak.
    env: {
      POWERTOOLS_DEV: 'true',
      POWERTOOLS_LOG_LEVEL: 'SILENT',
      POWERTOOLS_METRICS_DISABLED: 'true',
      ...(memory ? { TMPDIR: memory } : {}),
    },
    pool: 'forks',
    // A test waits for its server or process half of the time.
    maxWorkers: 3,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
