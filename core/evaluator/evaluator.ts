import { bucketOf, bucketsOf } from './bucket.ts'

/** A parameter as the store has it; `null` when there is none. Whatever else is read counts as unreadable. */
export interface Parameter {
  readonly value: string
  readonly version: number
}
export type Read = () => Promise<Parameter | null>

export interface EvaluatorOptions {
  /** Reads the flag. */
  readonly readFlag: Read
  /** Reads the percentage beside it. Left out, a flag that is on is on for everybody. */
  readonly readRamp?: Read
  /** The value of the flag that switches the feature on, as the plan has it; any other value is off. */
  readonly on: string
  /** Deals the subjects into buckets: the name of the flag. Without ":". */
  readonly salt: string
  /** Milliseconds that an answer of the store is good for; 15,000 at most, which is the default. */
  readonly ttl?: number
  /** Milliseconds that a read may take; 2,000 is the default. */
  readonly timeout?: number
  /** Milliseconds that grow evenly, from any beginning. For tests. */
  readonly now?: () => number
}

/** What the evaluator knew when it last answered: the echo by which a rollback sees that it is obeyed. */
export interface Seen {
  readonly flag: Parameter | null
  readonly ramp: Parameter | null
  /** Hundredths of a percent of the subjects that have the feature. */
  readonly buckets: number
  /** Whether the store could be read. If not, nobody has the feature. */
  readonly readable: boolean
}

export interface Evaluator {
  /** Whether the subject has the feature. Never rejects: whatever is not known is off. */
  isEnabled(subject: string): Promise<boolean>
  /** What the newest answer was made from; `null` before the first one. */
  seen(): Seen | null
}

export const LONGEST_TTL = 15_000
const TIMEOUT = 2_000
/** After a read that failed nobody waits for the next one for so long. */
const PAUSE = 1_000

const NOTHING: Seen = { flag: null, ramp: null, buckets: 0, readable: false }

const requireOptions = ({ on, salt, ttl = LONGEST_TTL, timeout = TIMEOUT }: EvaluatorOptions): void => {
  if (!(ttl > 0 && ttl <= LONGEST_TTL))
    throw new RangeError(
      `A ttl of "${ttl}" is not possible: give 1 to ${LONGEST_TTL} ms, so that containment is obeyed.`,
    )
  if (!(timeout > 0 && timeout <= LONGEST_TTL)) throw new RangeError(`A timeout of "${timeout}" ms is not possible.`)
  if (typeof on !== 'string' || on === '') throw new TypeError('"on" is the value of the flag that switches on.')
  if (typeof salt !== 'string' || salt === '' || salt.includes(':'))
    throw new TypeError(`"${salt}" cannot be a salt: give the name of the flag.`)
}

const isParameter = (read: unknown): read is Parameter =>
  typeof read === 'object' &&
  read !== null &&
  typeof Reflect.get(read, 'value') === 'string' &&
  Number.isSafeInteger(Reflect.get(read, 'version'))

/** Rejects when the read fails, takes too long, or answers what is no parameter. */
const within = async (read: Read, milliseconds: number): Promise<Parameter | null> => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the parameter store does not answer')), milliseconds)
  })
  try {
    const found = await Promise.race([read(), tooLate])
    if (found === null || isParameter(found)) return found
    throw new TypeError('what was read is no parameter')
  } finally {
    clearTimeout(timer)
  }
}

/**
 * The flag first, then the percentage: a ramp writes them in the other order, so that a flag that is seen on never meets a
 * percentage of an earlier ramp.
 */
const look = async ({ readFlag, readRamp, on, timeout = TIMEOUT }: EvaluatorOptions): Promise<Seen> => {
  const flag = await within(readFlag, timeout)
  if (flag === null || flag.value !== on) return { flag, ramp: null, buckets: 0, readable: true }
  if (!readRamp) return { flag, ramp: null, buckets: bucketsOf('100') ?? 0, readable: true }
  const ramp = await within(readRamp, timeout)
  return { flag, ramp, buckets: bucketsOf(ramp?.value) ?? 0, readable: true }
}

/**
 * Answers for an application whether a subject has a feature: off while the flag is not exactly `on`, while anything cannot
 * be read or understood, and for every subject whose bucket is not below the percentage. An answer of the store is used for
 * `ttl`, counted from before it was asked; calls at the same time share one read. Throws `RangeError` or `TypeError` for
 * options that are not possible.
 */
export const createEvaluator = (options: EvaluatorOptions): Evaluator => {
  requireOptions(options)
  const { salt, ttl = LONGEST_TTL } = options
  // Both: one of them may stand still while a function is frozen, and the other may be set.
  const clocks = options.now ? [options.now] : [() => performance.now(), () => Date.now()]
  const times = () => clocks.map((clock) => clock())
  let known: { readonly seen: Seen; readonly at: readonly number[]; readonly good: number } | null = null
  let reading: Promise<Seen> | null = null

  const read = async (): Promise<Seen> => {
    const asked = times()
    try {
      known = { seen: await look(options), at: asked, good: ttl }
    } catch {
      known = { seen: NOTHING, at: times(), good: Math.min(PAUSE, ttl) }
    }
    return known.seen
  }
  const isGood = ({ at, good }: NonNullable<typeof known>): boolean =>
    times().every((time, clock) => {
      const age = time - (at[clock] ?? Number.NaN)
      return age >= 0 && age < good
    })
  const current = (): Promise<Seen> | Seen => {
    if (known !== null && isGood(known)) return known.seen
    reading ??= read().finally(() => {
      reading = null
    })
    return reading
  }
  return {
    isEnabled: async (subject) => {
      const { buckets } = await current()
      return buckets > 0 && typeof subject === 'string' && subject !== '' && bucketOf(subject, salt) < buckets
    },
    seen: () => known?.seen ?? null,
  }
}
