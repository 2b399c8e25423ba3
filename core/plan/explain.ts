import { z } from 'zod'
import { suggestion } from './nearest.ts'
import { type Problem, printPath } from './problem.ts'
import type { YamlFile } from './yaml.ts'

type Issue = z.core.$ZodIssue
type JsonSchema = z.core.JSONSchema.JSONSchema

/** The keys that the schema knows at a place of the file. */
const knownKeys = (schema: JsonSchema, path: readonly PropertyKey[]): string[] => {
  let here: JsonSchema | undefined = schema
  for (const part of path) {
    const next: unknown =
      typeof part === 'number' ? here?.items : (here?.properties?.[String(part)] ?? here?.additionalProperties)
    if (typeof next !== 'object' || next === null || Array.isArray(next)) return []
    here = next as JsonSchema
  }
  return Object.keys(here?.properties ?? {})
}

const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((here, part) => {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, part)) return undefined
    return Reflect.get(here, part)
  }, value)

const quote = (value: unknown): string => {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')
  return `"${text.length > 80 ? `${text.slice(0, 77)}…` : text}"`
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
}

const expectedType = (issue: z.core.$ZodIssueInvalidType, value: unknown): { message: string; fix: string } => {
  const expected = TYPES[issue.expected] ?? issue.expected
  const fix =
    issue.expected === 'string' && value !== null && typeof value !== 'object'
      ? `Put it in quotes: "${String(value)}".`
      : `Write ${expected}.`
  return { message: `${quote(value)} is not ${expected}.`, fix }
}

const explainValue = (issue: Issue, value: unknown): { message: string; fix: string } => {
  switch (issue.code) {
    case 'invalid_type':
      return expectedType(issue, value)
    case 'invalid_value': {
      const known = issue.values.map(String)
      return { message: `${quote(value)} is not known.`, fix: suggestion(String(value), known) }
    }
    case 'too_small':
      return { message: `${quote(value)} is too small.`, fix: `Give at least ${issue.minimum}.` }
    case 'too_big':
      return { message: `${quote(value)} is too big.`, fix: `Give at most ${issue.maximum}.` }
    case 'invalid_format':
      return {
        message: `${quote(value)} does not have the form that is needed.`,
        fix: `Write it as ${issue.pattern ?? issue.format} asks.`,
      }
    case 'custom': {
      const fix: unknown = issue.params?.fix
      return { message: issue.message, fix: typeof fix === 'string' ? fix : '' }
    }
    default:
      return {
        message: `${quote(value)}: ${issue.message}.`,
        fix: 'See the description of this key in the JSON Schema.',
      }
  }
}

/** What zod found, as problems with positions, the offending value and the fix. */
export const explain = (error: z.ZodError, schema: z.ZodType, file: string, yaml: YamlFile): Problem[] => {
  const json = z.toJSONSchema(schema, { io: 'input' })
  const misspelt = error.issues.filter(({ code }) => code === 'unrecognized_keys').map((issue) => printPath(issue.path))
  return error.issues.flatMap((issue): Problem[] => {
    // A mapping with a misspelt key lacks the right one as well; once is enough.
    if (issue.code === 'custom' && misspelt.includes(printPath(issue.path))) return []
    const path = printPath(issue.path)
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        file,
        ...yaml.atKey([...issue.path, key]),
        path,
        message: `"${key}" is not a key of ${path === '' ? 'a plan' : 'this mapping'}.`,
        fix: suggestion(key, knownKeys(json, issue.path)),
      }))
    }
    if (issue.code === 'invalid_key') {
      const [inner] = issue.issues
      const { message, fix } =
        inner === undefined ? { message: issue.message, fix: '' } : explainValue(inner, issue.path.at(-1))
      return [{ file, ...yaml.atKey(issue.path), path, message, fix }]
    }
    const value = valueAt(yaml.value, issue.path)
    if (value === undefined && issue.code !== 'custom') {
      const key = String(issue.path.at(-1) ?? '')
      const message = key === '' ? 'The file is empty.' : `"${key}" is missing.`
      return [{ file, ...yaml.at(issue.path), path, message, fix: key === '' ? 'Write a plan.' : `Add ${key}.` }]
    }
    return [{ file, ...yaml.at(issue.path), path, ...explainValue(issue, value) }]
  })
}
