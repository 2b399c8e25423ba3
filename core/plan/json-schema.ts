import { readFile, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import { PlanFile } from './schema.ts'

/** Where editors find the schema; each plan names it in its first line. */
export const SCHEMA_FILE = new URL('../../plans/plan.schema.json', import.meta.url)

/** The JSON Schema of plan.yaml, as text. */
export const planJsonSchema = (): string => `${JSON.stringify(z.toJSONSchema(PlanFile, { io: 'input' }), null, 2)}\n`

if (import.meta.main) {
  if (process.argv.includes('--check')) {
    const present = await readFile(SCHEMA_FILE, 'utf8').catch(() => null)
    if (present !== planJsonSchema()) {
      console.error('plans/plan.schema.json is not what core/plan/schema.ts says. Run: node core/plan/json-schema.ts')
      process.exitCode = 1
    }
  } else await writeFile(SCHEMA_FILE, planJsonSchema())
}
