import { createHash, randomUUID } from 'node:crypto'
import jsonata from 'jsonata'

/** What the functions take from outside. */
export interface Sources {
  readonly now: () => Date
  /** In [0, 1). */
  readonly random: () => number
}

const mismatch = (name: string, index: number) => ({ code: 'T0410', token: name, index })

const numberOrUndefined = (name: string, index: number, value: unknown): number | undefined => {
  if (value === undefined || typeof value === 'number') return value
  throw mismatch(name, index)
}

function parse(text: unknown): unknown {
  if (text === undefined) return undefined
  if (typeof text !== 'string') throw mismatch('parse', 1)
  try {
    return JSON.parse(text)
  } catch (thrown) {
    throw { code: 'D3137', message: `The argument of $parse is not JSON: ${(thrown as Error).message}` }
  }
}

const ALGORITHMS = new Map([
  ['MD5', 'md5'],
  ['SHA-1', 'sha1'],
  ['SHA-256', 'sha256'],
  ['SHA-384', 'sha384'],
  ['SHA-512', 'sha512'],
])

function hash(...args: unknown[]): string | undefined {
  const [text, algorithm] = args
  if (text === undefined || args.length < 2) return undefined
  if (typeof text !== 'string') throw mismatch('hash', 1)
  const name = ALGORITHMS.get(String(algorithm))
  if (name === undefined) {
    const known = [...ALGORITHMS.keys()].join(', ')
    throw { code: 'D3137', message: `Hash algorithm '${String(algorithm)}' must be one of ${known}` }
  }
  return createHash(name).update(text, 'utf8').digest('hex')
}

/** Inclusive. Fractions are cut, no number at all is undefined, and a single number is not in an array. */
function range(...args: unknown[]): number | number[] | undefined {
  const [from, to, by] = [0, 1, 2].map((i) => numberOrUndefined('range', i + 1, args[i]))
  if (from === undefined || to === undefined || by === undefined) return undefined
  const [start, end, step] = [Math.trunc(from), Math.trunc(to), Math.trunc(by)]
  if (step === 0) return undefined
  const values: number[] = []
  for (let value = start; step > 0 ? value <= end : value >= end; value += step) values.push(value)
  return values.length > 1 ? values : values[0]
}

function partition(items: unknown, size: unknown): unknown[][] | undefined {
  if (items === undefined) return undefined
  if (!Array.isArray(items)) throw mismatch('partition', 1)
  const length = numberOrUndefined('partition', 2, size)
  if (length === undefined) return [items]
  if (length < 0) throw { code: 'D3137', message: 'Second argument must be zero or greater' }
  const whole = Math.trunc(length)
  if (whole === 0 || items.length === 0) return undefined
  return Array.from({ length: Math.ceil(items.length / whole) }, (_, i) => items.slice(i * whole, (i + 1) * whole))
}

const fromMillis = jsonata('$fromMillis($millis, $picture, $timezone)')

/**
 * The functions that Step Functions adds to JSONata, `$eval` taken away (a call answers T1006), and the clock of the
 * interpreter in place of the machine's. A seeded `$random` repeats itself, with numbers that are not AWS's.
 */
export function functionBindings({ now, random }: Sources): Record<string, unknown> {
  return {
    eval: undefined,
    parse,
    hash,
    range,
    partition,
    uuid: () => randomUUID(),
    random: (seed: unknown) => {
      const value = numberOrUndefined('random', 1, seed)
      if (value === undefined) return random()
      return createHash('sha256').update(String(value)).digest().readUIntBE(0, 6) / 2 ** 48
    },
    millis: () => now().getTime(),
    now: (picture: unknown, timezone: unknown) =>
      fromMillis.evaluate(undefined, { millis: now().getTime(), picture, timezone }),
  }
}
