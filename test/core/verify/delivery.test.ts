import { describe, expect, test } from 'vitest'
import { judgeEcho } from '#core/verify/delivery.ts'

const judge = (...rows: Record<string, unknown>[]) => judgeEcho(rows, 'false', 7)

describe('an echo', () => {
  test('proves delivery when every consumer sees the safe value', () => {
    expect(judge({ consumer: 'web-1', value: 'false' }, { consumer: 'web-2', value: false })).toEqual({
      status: 'pass',
      detail: '2 of 2 consumers obey "false"',
    })
  })

  test('names those that have not followed, and what they see', () => {
    const { status, detail } = judge(
      { consumer: 'web-1', value: 'false', version: 7 },
      { consumer: 'web-2', value: 'true', version: 6 },
      { consumer: 'worker', value: null, version: null },
    )
    expect(status).toBe('fail')
    expect(detail).toBe('2 of 3 consumers have not followed: web-2 sees "true" (version 6), worker says no value')
  })

  test('takes the version for a consumer that says no value: that of the containment, or a later one', () => {
    expect(judge({ consumer: 'web-1', value: null, version: '7' }).status).toBe('pass')
    expect(judge({ consumer: 'web-1', value: null, version: '6' }).status).toBe('fail')
    expect(judgeEcho([{ consumer: 'web-1', value: null, version: 7 }], 'false', undefined).status).toBe('fail')
  })

  test('of nobody, or of other columns, proves nothing either way', () => {
    expect(judge().status).toBe('unknown')
    expect(judge({ name: 'web-1', state: 'false' })).toEqual({
      status: 'unknown',
      detail: 'the echo gives name, state, not the columns consumer and value',
    })
  })

  test('names twenty of a large fleet, and counts the rest', () => {
    const fleet = Array.from({ length: 25 }, (_, i) => ({ consumer: `web-${i + 1}`, value: 'true' }))
    const { detail } = judge(...fleet)
    expect(detail).toContain('web-20')
    expect(detail).not.toContain('web-21 ')
    expect(detail).toMatch(/and 5 more$/)
  })
})
