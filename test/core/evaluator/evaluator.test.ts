import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bucketOf } from '#core/evaluator/bucket.ts'
import { createEvaluator, type EvaluatorOptions, type Parameter } from '#core/evaluator/evaluator.ts'

const parameter = (value: string, version = 1): Parameter => ({ value, version })
const SUBJECTS = Array.from({ length: 300 }, (_, i) => `user-${i}`)

/** A store that can be changed, a clock that stands still, and the evaluator of an application between them. */
const world = (options: Partial<EvaluatorOptions> = {}) => {
  const store = {
    flag: (): unknown => parameter('true'),
    ramp: (): unknown => parameter('100'),
    reads: [] as string[],
    time: 0,
  }
  const evaluator = createEvaluator({
    readFlag: async () => {
      store.reads.push('flag')
      return store.flag() as Parameter
    },
    readRamp: async () => {
      store.reads.push('ramp')
      return store.ramp() as Parameter
    },
    on: 'true',
    salt: 'SEARCH',
    now: () => store.time,
    ...options,
  })
  const enabled = async () => {
    const answers = await Promise.all(SUBJECTS.map((subject) => evaluator.isEnabled(subject)))
    return SUBJECTS.filter((_, i) => answers[i])
  }
  return { store, evaluator, enabled }
}
const fails = (): never => {
  throw new Error('no answer')
}

describe('who has the feature', () => {
  test('everybody whose bucket is below the percentage, and nobody else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 10_000 }), async (hundredths) => {
        const { store, enabled } = world()
        store.ramp = () => parameter(String(hundredths / 100))
        expect(await enabled()).toEqual(SUBJECTS.filter((subject) => bucketOf(subject, 'SEARCH') < hundredths))
      }),
    )
  })

  test('whoever has it at one percentage has it at every higher one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 2 }), async (percents) => {
        const { store, enabled } = world()
        let before: string[] = []
        for (const percent of percents.sort((a, b) => a - b)) {
          store.ramp = () => parameter(String(percent))
          store.time += 15_000
          const now = await enabled()
          expect(now).toEqual(expect.arrayContaining(before))
          before = now
        }
      }),
    )
  })

  test('everybody, where the flag has no ramp; nobody, while it is not exactly on', async () => {
    const on = createEvaluator({ readFlag: async () => parameter('true'), on: 'true', salt: 'SEARCH' })
    expect(await on.isEnabled('anybody')).toBe(true)
    for (const value of ['false', 'TRUE', 'true ', '1', '']) {
      const off = createEvaluator({ readFlag: async () => parameter(value), on: 'true', salt: 'SEARCH' })
      expect(await off.isEnabled('anybody')).toBe(false)
    }
  })

  test('nobody, whatever nonsense is read', async () => {
    const nonsense = fc.oneof(
      fc.anything().filter((value) => value !== null),
      fc.record({ value: fc.string().filter((text) => !/^[\d.]+$/.test(text)), version: fc.integer() }),
      fc.record({ value: fc.constantFrom('101', '-1', '1e1', '05', 5, null), version: fc.anything() }),
    )
    await fc.assert(
      fc.asyncProperty(nonsense, nonsense, fc.boolean(), async (flag, ramp, flagIsGood) => {
        const { store, enabled } = world()
        if (!flagIsGood) store.flag = () => flag
        store.ramp = () => ramp
        expect(await enabled()).toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  test('nobody without a name', async () => {
    const { evaluator } = world()
    for (const subject of ['', undefined, null, 7, {}]) expect(await evaluator.isEnabled(subject as string)).toBe(false)
  })

  test('nobody while a parameter is missing', async () => {
    const { store, enabled } = world()
    store.ramp = () => null
    expect(await enabled()).toEqual([])
    store.time += 15_000
    store.flag = () => null
    expect(await enabled()).toEqual([])
  })
})

describe('an answer of the store', () => {
  test('is read once by all who ask at once, and is good for its time', async () => {
    const { store, enabled } = world({ ttl: 10_000 })
    expect(await enabled()).toHaveLength(SUBJECTS.length)
    expect(store.reads).toEqual(['flag', 'ramp'])
    store.flag = () => parameter('false')
    store.time = 9_999
    expect(await enabled()).toHaveLength(SUBJECTS.length)
    store.time = 10_000
    expect(await enabled()).toEqual([])
    expect(store.reads).toEqual(['flag', 'ramp', 'flag'])
  })

  test('counts from before it was asked for: a slow store makes it no fresher', async () => {
    const { store, enabled } = world({ ttl: 10_000 })
    store.ramp = () => {
      store.time = 6_000
      return parameter('100')
    }
    await enabled()
    store.flag = () => parameter('false')
    store.time = 10_000
    expect(await enabled()).toEqual([])
  })

  test('is not used beyond its time when no other one can be had: nobody has the feature then', async () => {
    const { store, evaluator, enabled } = world()
    expect(await enabled()).toHaveLength(SUBJECTS.length)
    store.flag = fails
    store.time = 15_000
    expect(await enabled()).toEqual([])
    expect(evaluator.seen()?.readable).toBe(false)
    // For a second, nobody waits for a store that does not answer.
    store.time = 15_999
    await enabled()
    expect(store.reads.filter((read) => read === 'flag')).toHaveLength(2)
    store.flag = () => parameter('true', 4)
    store.time = 16_000
    expect(await enabled()).toHaveLength(SUBJECTS.length)
  })

  test('that does not come in time is none', async () => {
    const { evaluator } = world({ readRamp: () => new Promise(() => {}), timeout: 5 })
    expect(await evaluator.isEnabled('user-1')).toBe(false)
  })

  test('is not used when the clock was set back', async () => {
    const { store, enabled } = world()
    store.time = 50_000
    await enabled()
    store.flag = () => parameter('false')
    store.time = 0
    expect(await enabled()).toEqual([])
  })

  test('is asked flag first: a percentage of an earlier ramp is never met by a flag that is on', async () => {
    const { store, enabled } = world()
    // A ramp begins between the two reads: it writes its percentage, and then the flag.
    store.flag = () => {
      const before = parameter('false')
      store.ramp = () => parameter('5')
      return before
    }
    expect(await enabled()).toEqual([])
    expect(store.reads).toEqual(['flag'])
  })

  test('shows the versions that were seen', async () => {
    const { store, evaluator } = world()
    expect(evaluator.seen()).toBeNull()
    store.flag = () => parameter('true', 12)
    store.ramp = () => parameter('25', 7)
    await evaluator.isEnabled('user-1')
    expect(evaluator.seen()).toEqual({
      flag: parameter('true', 12),
      ramp: parameter('25', 7),
      buckets: 2_500,
      readable: true,
    })
  })
})

describe('options that would not contain are refused', () => {
  test.each([15_001, 0, -1, Number.NaN, Number.POSITIVE_INFINITY])('a ttl of %d', (ttl) => {
    expect(() => world({ ttl })).toThrow(RangeError)
  })
  test.each(['', 'a:b'])('the salt "%s"', (salt) => {
    expect(() => world({ salt })).toThrow(TypeError)
  })
})
