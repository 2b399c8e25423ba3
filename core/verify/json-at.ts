import { canonicalJson } from '#core/json.ts'
import type { JsonTest } from '#core/plan/checks-http.ts'

/** Characters of a value that are shown. */
const SHOWN = 120

/**
 * The value at a path such as `results.0.id`; `undefined` where there is none. `length` is that of a list. Own members only.
 */
export const jsonAt = (value: unknown, path: string): unknown =>
  path.split('.').reduce((found: unknown, key) => {
    if (typeof found !== 'object' || found === null) return undefined
    if (Array.isArray(found))
      return key === 'length' ? found.length : /^\d+$/.test(key) ? found[Number(key)] : undefined
    return Object.hasOwn(found, key) ? (found as Record<string, unknown>)[key] : undefined
  }, value)

export const show = (value: unknown): string => {
  if (value === undefined) return 'not there'
  const text = canonicalJson(value)
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text
}

const anyOf = (values: readonly unknown[]): string => values.map(show).join(' or ')

/** What is wrong with a value; `null`: it is as expected. */
export const wrongValue = (value: unknown, test: JsonTest): string | null => {
  const wrong = (wanted: string) => `${show(value)}, not ${wanted}`
  const named: Partial<Exclude<JsonTest, { equals: unknown }>> & { equals?: unknown } = test
  if (named.present !== undefined && named.present !== (value !== undefined))
    return named.present ? 'not there' : `${show(value)}, where nothing may be`
  const others = Object.entries(test).filter(([key, wanted]) => key !== 'present' && wanted !== undefined)
  if (others.length === 0) return null
  if (value === undefined) return 'not there'
  if (named.equals !== undefined && value !== named.equals) return wrong(show(named.equals))
  if (named.not !== undefined && value === named.not) return `${show(value)}, which it may not be`
  const oneOf = named['one-of']
  if (oneOf !== undefined && !oneOf.some((each) => each === value)) return wrong(anyOf(oneOf))
  const { contains, 'at-least': least, 'at-most': most } = named
  if (contains !== undefined && !(typeof value === 'string' && value.includes(contains)))
    return wrong(`a text with ${show(contains)}`)
  if ((least !== undefined || most !== undefined) && typeof value !== 'number') return wrong('a number')
  if (least !== undefined && !(Number(value) >= least)) return wrong(`at least ${least}`)
  return most !== undefined && !(Number(value) <= most) ? wrong(`at most ${most}`) : null
}
