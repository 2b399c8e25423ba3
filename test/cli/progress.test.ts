import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { progress } from '#cli/progress.ts'

const START = new Date('2026-11-21T03:12:00Z')

const fake = (isTTY: boolean, columns = 80) => {
  const written: string[] = []
  return { written, stream: { isTTY, columns, write: (text: string) => written.push(text) > 0 } }
}

const ESC = '\x1b'

/** What a terminal of many lines shows after all that was written to it. */
const screen = (written: readonly string[]): string[] => {
  const [start = '', ...sequences] = written.join('').split(ESC)
  let lines = start.split('\n')
  for (const sequence of sequences) {
    const [all, count, command] = /^\[\??(\d*)([A-Za-z])/.exec(sequence) ?? ['', '', '']
    if (command === 'A') lines = [...lines.slice(0, lines.length - 1 - Number(count)), '']
    const [first = '', ...rest] = sequence.slice(all.length).split('\n')
    lines = [...lines.slice(0, -1), `${lines.at(-1) ?? ''}${first}`, ...rest]
  }
  return lines.filter((line) => line !== '')
}

beforeEach(() => {
  vi.useFakeTimers({ now: START })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
})

const now = () => new Date()
const pass = (milliseconds: number) => vi.advanceTimersByTime(milliseconds)

describe('without a terminal', () => {
  test('each state has one plain line when it ends: how long it took, retries, what moved, the error', () => {
    const { written, stream } = fake(false)
    const shown = progress({ stream, now })
    shown.event({ kind: 'state-entered', name: 'Snapshot each part', at: now() })
    pass(2_000)
    shown.event({ kind: 'bytes', done: 671_000_000, total: 671_000_000, rows: 100_000 })
    shown.event({ kind: 'state-exited', name: 'Snapshot each part', at: now(), attempts: 3 })
    shown.event({ kind: 'detail', text: 'Asked team-lead, dba.' })
    shown.event({ kind: 'state-entered', name: 'Purge', at: now() })
    pass(40)
    shown.event({ kind: 'state-exited', name: 'Purge', at: now(), error: 'Purge.NotCovered' })
    shown.close()
    expect(written.join('')).toBe(
      [
        'done    Snapshot each part  2 s  671 MB  100,000 rows  336 MB/s  2 retries',
        '  Asked team-lead, dba.',
        'failed  Purge  40 ms  Purge.NotCovered',
        '',
      ].join('\n'),
    )
  })

  test('nothing is written between, and no escape sequence ever', () => {
    const { written, stream } = fake(false)
    const shown = progress({ stream, now })
    shown.event({ kind: 'state-entered', name: 'Retire', at: now() })
    pass(60_000)
    expect(written).toEqual([])
    shown.close()
    expect(written.join('')).not.toContain('\x1b')
  })
})

describe('on a terminal', () => {
  test('each state that goes on has one line, written again as time passes', () => {
    const { written, stream } = fake(true)
    const shown = progress({ stream, now })
    shown.event({ kind: 'state-entered', name: 'Contain', at: now() })
    pass(1_500)
    shown.event({ kind: 'state-exited', name: 'Contain', at: now() })
    shown.event({ kind: 'state-entered', name: 'Notify the start', at: now() })
    shown.event({ kind: 'state-entered', name: 'Preserve evidence', at: now() })
    pass(3_000)
    expect(screen(written)).toEqual(['done    Contain  1.5 s', '… Notify the start  3 s', '… Preserve evidence  3 s'])
    shown.event({ kind: 'state-exited', name: 'Notify the start', at: now() })
    expect(screen(written)).toEqual([
      'done    Contain  1.5 s',
      'done    Notify the start  3 s',
      '… Preserve evidence  3 s',
    ])
    shown.close()
  })

  test('bytes, rows, rate and time left are shown while rows move', () => {
    const { written, stream } = fake(true)
    const shown = progress({ stream, now })
    shown.event({ kind: 'state-entered', name: 'Load each part', at: now() })
    pass(2_000)
    shown.event({ kind: 'bytes', done: 200_000_000, total: 800_000_000, rows: 25_000 })
    expect(screen(written)).toEqual(['… Load each part  2 s  200 MB of 800 MB  25,000 rows  100 MB/s  6 s left'])
    shown.close()
  })

  test('a line never wraps, so that it can be erased', () => {
    const { written, stream } = fake(true, 20)
    const shown = progress({ stream, now })
    shown.event({ kind: 'state-entered', name: 'A state with a name that is long', at: now() })
    expect(screen(written)).toEqual(['… A state with a na'])
    shown.close()
  })

  test('the cursor is hidden, and given back when it is closed, twice or not', () => {
    const { written, stream } = fake(true)
    const shown = progress({ stream, now })
    expect(written.join('')).toBe('\x1b[?25l')
    shown.event({ kind: 'state-entered', name: 'Retire', at: now() })
    shown.close()
    shown.close()
    expect(written.join('').endsWith('\x1b[?25h')).toBe(true)
    expect(written.join('').split('\x1b[?25h')).toHaveLength(2)
    const before = written.length
    pass(10_000)
    expect(written).toHaveLength(before)
  })

  test('the cursor is given back when the process ends without closing', () => {
    const { written, stream } = fake(true)
    const before = process.listeners('exit')
    progress({ stream, now })
    const [restore] = process.listeners('exit').filter((listener) => !before.includes(listener))
    restore?.(1)
    expect(written.join('').endsWith('\x1b[?25h')).toBe(true)
  })

  test('NO_COLOR leaves the lines without colour', () => {
    vi.stubEnv('NO_COLOR', '1')
    const { written, stream } = fake(true)
    const shown = progress({ stream, now })
    shown.event({ kind: 'state-entered', name: 'Retire', at: now() })
    shown.event({ kind: 'state-exited', name: 'Retire', at: now(), error: 'Retire.Refused' })
    shown.close()
    for (const sequence of written.join('').split(ESC).slice(1)) expect(sequence).not.toMatch(/^\[\d+m/)
  })

  test('a dumb terminal is treated as none', () => {
    vi.stubEnv('TERM', 'dumb')
    const { written, stream } = fake(true)
    progress({ stream, now }).close()
    expect(written).toEqual([])
  })
})
