import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { planJsonSchema, SCHEMA_FILE } from '#core/plan/json-schema.ts'

test('plans/plan.schema.json is what the schema of the program says', async () => {
  expect(await readFile(SCHEMA_FILE, 'utf8')).toBe(planJsonSchema())
})

test('every key that a plan may have carries a description for the editor', () => {
  const missing: string[] = []
  const visit = (node: unknown, path: string): void => {
    if (typeof node !== 'object' || node === null) return
    const properties: unknown = Reflect.get(node, 'properties')
    for (const [key, value] of Object.entries(properties ?? {})) {
      const described = typeof value === 'object' && value !== null && 'description' in value
      if (!described) missing.push(`${path}.${key}`)
      visit(value, `${path}.${key}`)
    }
    visit(Reflect.get(node, 'items'), `${path}[]`)
    visit(Reflect.get(node, 'additionalProperties'), `${path}.*`)
  }
  visit(JSON.parse(planJsonSchema()), 'plan')
  expect(missing).toEqual([])
})
