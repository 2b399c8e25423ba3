import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { renderHtml } from '#core/report/html.ts'
import { fullReport } from '#test/support/report.ts'
import { purgedReport, stuckReport } from '#test/support/report-endings.ts'
import { hostileReport } from '#test/support/report-hostile.ts'
import { rollbackMachine } from '#test/support/report-machine.ts'

const pages = {
  full: renderHtml(fullReport(), rollbackMachine),
  stuck: renderHtml(stuckReport(), rollbackMachine),
  purged: renderHtml(purgedReport(), rollbackMachine),
  hostile: renderHtml(hostileReport(), rollbackMachine),
}
const all = (page: string, pattern: RegExp) => [...page.matchAll(pattern)].map(([, found]) => found)

describe('the page of a run', () => {
  test.each(Object.entries(pages))('needs no other file and runs nothing: %s', (_, page) => {
    expect(page).not.toMatch(/<(script|iframe|object|embed|base|form|img|video|audio)\b/i)
    const attributes = all(page.replace(/="[^"]*"/g, '=""').replace(/>[^<]*/g, '>'), /\s([\w:-]+)=""/g)
    expect(attributes.filter((name) => /^(on.*|style|src|srcset|action|xlink:href)$/i.test(name ?? ''))).toEqual([])
    expect(all(page, /<link\b[^>]*href="([^"]*)"/g)).toEqual([expect.stringMatching(/^data:image\/svg\+xml,/)])
    expect(all(page, /<a\b[^>]*href="([^"]*)"/g).every((href) => href?.startsWith('#'))).toBe(true)
    expect(page).not.toMatch(/url\(|@import/i)
  })

  test.each(Object.entries(pages))('allows its own style sheet and nothing else: %s', (_, page) => {
    const styles = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? ''
    const digest = createHash('sha256').update(styles).digest('base64')
    const [policy] = all(page, /http-equiv="Content-Security-Policy" content="([^"]*)"/g)
    expect(policy).toContain('default-src &#39;none&#39;')
    expect(policy).toContain(`style-src &#39;sha256-${digest}&#39;`)
    expect(policy).not.toContain('unsafe-inline')
  })

  test.each(Object.entries(pages))('has unique ids, and every reference has its target: %s', (_, page) => {
    const ids = all(page, /\sid="([^"]+)"/g)
    expect(new Set(ids).size).toBe(ids.length)
    const references = [...all(page, /href="#([^"]+)"/g), ...all(page, /aria-labelledby="([^"]+)"/g)]
    for (const reference of references.flatMap((each) => each?.split(' ') ?? [])) expect(ids).toContain(reference)
  })

  test.each(Object.entries(pages))('has one main heading, and no level is skipped: %s', (_, page) => {
    const levels = all(page, /<h([1-6])\b/g).map(Number)
    expect(levels.filter((level) => level === 1)).toHaveLength(1)
    expect(levels[0]).toBe(1)
    for (const [i, level] of levels.slice(1).entries()) expect(level - (levels[i] ?? 0)).toBeLessThanOrEqual(1)
  })

  test('has landmarks, and a caption for every table', () => {
    for (const landmark of ['<header>', '<main ', '<nav ', '<footer>']) expect(pages.full).toContain(landmark)
    expect(all(pages.full, /<(table)>/g)).toHaveLength(all(pages.full, /<(caption)>/g).length)
  })

  test('tells the picture in words too, in the same order', () => {
    expect(pages.full).toContain('role="img" aria-labelledby="machine-title machine-desc"')
    const listed = all(/<ol class="states">[\s\S]*?<\/ol>/.exec(pages.stuck)?.[0] ?? '', /class="name">([^<]*)</g)
    const drawn = [
      ...pages.stuck.matchAll(
        /data-state="([^"]*)" data-status="(?!not-taken|passed)[\s\S]*?class="order"[^>]*>(\d+)</g,
      ),
    ]
      .sort((a, b) => Number(a[2]) - Number(b[2]))
      .map(([, name]) => name)
    expect(drawn).toEqual(listed)
    expect(listed.at(-1)).toBe('Needs a human')
  })

  test('marks the results of checks in words, not by colour alone', () => {
    const section = /<section class="card checks"[\s\S]*?<\/section>/.exec(pages.stuck)?.[0] ?? ''
    expect(all(section, /<span class="badge \w+"><span aria-hidden="true">.<\/span> (\w+)<\/span>/g)).toEqual([
      'Pass',
      'Fail',
      'Unknown',
    ])
  })

  test('says that no check ran rather than showing nothing', () => {
    expect(renderHtml(fullReport({ checks: [] }), rollbackMachine)).toContain('No check ran. That is not a pass.')
  })

  test('does without the definition of the machine, and says so', () => {
    for (const machine of [null, 'none', { StartAt: 1 }]) {
      const page = renderHtml(fullReport(), machine)
      expect(page).not.toContain('class="machine"')
      expect(page).toContain('no picture')
      expect(page).toContain('<ol class="states">')
    }
  })

  test('names visited states that the definition does not have', () => {
    const [first] = fullReport().states
    const states = first ? [{ ...first, name: 'Dropped by a deploy' }] : []
    expect(renderHtml(fullReport({ states }), rollbackMachine)).toContain(
      'Not in the picture, for the definition does not have them: Dropped by a deploy.',
    )
  })

  test('an undo that is an input of the state machine is introduced as one', () => {
    const { retirement } = fullReport()
    const undo = '{"plan":"pgvector-search","path":"restore"}'
    const page = renderHtml(fullReport({ retirement: retirement && { ...retirement, undo } }), rollbackMachine)
    expect(page).toContain('Undo: start the state machine with')
  })
})

describe('values that try to be mark-up', () => {
  test('stay text wherever they stand', () => {
    expect(pages.hostile).not.toMatch(/<script|<img/i)
    expect(pages.hostile).not.toContain('\u202e')
    expect(pages.hostile).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    expect(pages.hostile).toContain('\\u202e')
  })

  test('change nothing about the page but its words', () => {
    const tags = (page: string) => all(page.replace(/<code class="command">.*?<\/code>/g, ''), /<(\/?\w+)/g).join(' ')
    const machine = {
      StartAt: 'A',
      States: { A: { Type: 'Succeed', Comment: '</title></svg><script>alert(4)</script>' } },
    }
    expect(renderHtml(stuckReport(), machine)).not.toContain('<script')
    const { approvals } = hostileReport()
    const harmless = renderHtml({ ...stuckReport(), approvals }, null)
    const hostile = renderHtml({ ...hostileReport(), budgets: stuckReport().budgets }, null)
    expect(tags(hostile).replace(/ code \/code/g, '')).toBe(tags(harmless).replace(/ code \/code/g, ''))
  })
})

test('the same report gives the same bytes', () => {
  expect(renderHtml(fullReport(), rollbackMachine)).toBe(pages.full)
})
