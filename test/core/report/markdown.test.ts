import { describe, expect, test } from 'vitest'
import { code, table, text } from '#core/report/markdown/markup.ts'
import { renderMarkdown } from '#core/report/markdown.ts'
import { fullReport } from '#test/support/report.ts'
import { purgedReport, stuckReport } from '#test/support/report-endings.ts'
import { hostileReport } from '#test/support/report-hostile.ts'

const report = fullReport()
const lines = (markdown: string) => markdown.split('\n')

describe('a report in a ticket', () => {
  test('says first what happened, whether data was lost, how fast, and the way back', () => {
    expect(lines(renderMarkdown(report)).slice(0, 7).join('\n')).toMatchInlineSnapshot(`
      "# Rolled back: pgvector-search, full path, prod

      **pgvector semantic search is switched off and its tables are out of the application's reach. No data was lost: both tables are kept out of reach until 2026-11-28, and in the snapshot.**

      Contained: 4.2 s (budget 1 min, met) · total: 2 min 14 s (budget 15 min, met) · 6 of 6 checks passed

      Undo: \`vector-rollback start pgvector-search --path restore --reason "…"\`"
    `)
  })

  test('measures a path by its budget without the time that it was watched', () => {
    const budgets = [{ name: 'total', limitMs: 60_000, actualMs: 2_700, met: true }]
    const text = renderMarkdown({ ...report, budgets, seconds: { contained: 4.21, total: 1_804 } })
    expect(text).toContain('total: 30 min 4 s (the path 2.7 s, budget 1 min, met)')
  })

  test('names every table of the snapshot with rows, size and digest', () => {
    const markdown = renderMarkdown(report)
    for (const { schema, name } of report.snapshot?.tables ?? [])
      expect(markdown).toContain(`| ${schema}.${name} | 98,304 | `)
    for (const { sha256 } of report.snapshot?.tables ?? []) expect(markdown).toContain(`\`${sha256}\` |`)
  })

  test('keeps the order of the states, with durations, visits, retries and errors', () => {
    const markdown = renderMarkdown(stuckReport())
    expect(markdown).toContain('\n12. Retire (1.3 s · retried ×2)\n')
    expect(markdown).toContain('\n14. Snapshot part (1 min 30 s · retried ×3), **failed: Bucket.Unreachable**\n')
    expect(markdown).toContain('\n15. Needs a human (in progress)')
  })

  test('tells fail from unknown, a missed budget from an unmeasured one, and an undelivered message', () => {
    const markdown = renderMarkdown({ ...stuckReport(), notifications: report.notifications })
    expect(markdown).toContain('| **Fail** | machines-readable |')
    expect(markdown).toContain('| **Unknown** | tables-out-of-sight |')
    expect(markdown).toContain('| Total time | 1 min 41 s of 1 min 30 s | Missed |')
    expect(markdown).toContain('| Longest wait for us | not measured, limit 100 ms | Not measured |')
    expect(markdown).toContain('| pgvector-search prod: full rollback done | **no** |')
  })

  test('says in which state it stopped and what mends it', () => {
    const markdown = renderMarkdown(stuckReport())
    expect(markdown).toContain('# Needs a human: ')
    expect(markdown).toContain('## Problem in “Snapshot each part”\n\n**Bucket.Unreachable**: PUT snapshots/')
    expect(markdown).toContain('What to do: Check the S3 gateway endpoint')
  })

  test('does not call an unseen containment contained', () => {
    const markdown = renderMarkdown({ ...stuckReport(), seconds: { contained: null, total: 3 } })
    expect(markdown).toContain('treat it as not contained')
    expect(markdown).toContain('Contained: not seen')
  })

  test('offers no undo of what was destroyed or is back already', () => {
    expect(renderMarkdown(purgedReport())).not.toContain('Undo:')
    const restored = renderMarkdown({ ...report, path: 'restore', outcome: 'restored' })
    expect(restored).not.toContain('Undo:')
    expect(restored).toContain('this run brought them back')
  })

  test('leaves out what there is nothing to say about', () => {
    const markdown = renderMarkdown({ ...report, snapshot: null, retirement: null, approvals: [], contacts: [] })
    for (const title of ['Snapshot', 'Retired tables', 'Approvals', 'Contacts'])
      expect(markdown).not.toContain(`## ${title}`)
  })
})

describe('values that try to be mark-up', () => {
  test('stay text: no tag, no link, no heading, no further cell', () => {
    const markdown = renderMarkdown(hostileReport())
    const outsideCode = markdown.replace(/(`+)(?!`)[\s\S]*?[^`]\1(?!`)/g, '')
    expect(outsideCode).not.toMatch(/<\w/)
    expect(outsideCode).not.toMatch(/(?<!\\)\[x/)
    expect(markdown).not.toContain('\u202e')
    const headings = (all: string) => lines(all).filter((line) => line.startsWith('#')).length
    const { approvals } = hostileReport()
    expect(headings(markdown)).toBe(headings(renderMarkdown({ ...stuckReport(), approvals })))
  })

  test('every row of a table has the cells of its head', () => {
    let columns = 0
    for (const line of lines(renderMarkdown(hostileReport()))) {
      if (!line.startsWith('| ')) columns = 0
      else {
        const cells = line.replace(/\\./g, '').split('|').length
        columns ||= cells
        expect(cells, line).toBe(columns)
      }
    }
  })

  test('names with underscores can be read in the source too', () => {
    expect(text('public.document_chunks and _that_')).toBe('public.document_chunks and \\_that\\_')
  })

  test('backticks cannot end a code span, and pipes in one cannot end a cell', () => {
    expect(code('a ``b`` c')).toBe('```a ``b`` c```')
    expect(code('`a`')).toBe('`` `a` ``')
    expect(table(['x'], [[code('a|b')], [code('a\\\\|b')]])).toBe('| x |\n| --- |\n| `a\\|b` |\n| `a\\\\\\|b` |')
  })
})

test('the same report gives the same text', () => {
  expect(renderMarkdown(fullReport())).toBe(renderMarkdown(fullReport()))
})
