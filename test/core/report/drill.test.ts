import { describe, expect, test } from 'vitest'
import { DrillReport, drillSummary, renderDrillHtml, renderDrillMarkdown } from '#core/report/drill.ts'
import { summary } from '#core/report/summary.ts'
import { drillReport } from '#test/support/report-drill.ts'
import { rollbackMachine } from '#test/support/report-machine.ts'

const drill = drillReport()
const all = (page: string, pattern: RegExp) => [...page.matchAll(pattern)].map(([, found]) => found)

test('a drill is told in the shape that its schema promises', () => {
  expect(DrillReport.parse(JSON.parse(JSON.stringify(drill)))).toEqual(drill)
})

test('--json has the outcome, the summary of each run, and the seconds', () => {
  expect(drillSummary(drill)).toEqual({
    outcome: 'drill-passed',
    plan: 'pgvector-search',
    runs: drill.runs.map(({ report }) => summary(report)),
    seconds: { total: 61.24 },
  })
})

describe('the page of a drill', () => {
  const page = renderDrillHtml(drill, rollbackMachine)

  test('begins with an overview that leads to every run', () => {
    const overview = page.slice(page.indexOf('<section class="card index"'), page.indexOf('<details class="run"'))
    expect(all(overview, /<a href="#([^"]+)">/g)).toEqual(['run-1', 'run-2', 'run-3'])
    for (const { title } of drill.runs) expect(overview).toContain(title)
  })

  test('folds the runs that passed and shows the one that did not', () => {
    expect(all(page, /<details class="run"( open)?>/g)).toEqual([undefined, undefined, undefined])
    const stuck = renderDrillHtml(drillReport('stuck'), rollbackMachine)
    expect(all(stuck, /<details class="run"( open)?>/g)).toEqual([undefined, ' open', undefined])
    expect(stuck).toContain('It stopped in “Full rollback”.')
  })

  test('keeps ids unique and headings in order although every run has the same sections', () => {
    const ids = all(page, /\sid="([^"]+)"/g)
    expect(new Set(ids).size).toBe(ids.length)
    for (const target of all(page, /href="#([^"]+)"/g)) expect(ids).toContain(target)
    const levels = all(page, /<h([1-6])\b/g).map(Number)
    for (const [i, level] of levels.slice(1).entries()) expect(level - (levels[i] ?? 0)).toBeLessThanOrEqual(1)
    expect(levels.filter((level) => level === 1)).toHaveLength(1)
  })

  test('draws one picture for each run', () => {
    expect(all(page, /(<svg class="machine")/g)).toHaveLength(3)
  })
})

describe('a drill in a ticket', () => {
  const markdown = renderDrillMarkdown(drill)

  test('begins with a table of the runs', () => {
    expect(markdown).toContain('# Drill passed: pgvector-search\n')
    expect(markdown).toContain('| Full rollback | full | Drill passed | 4.2 s | 2 min 14 s | 6 of 6 checks passed |')
  })

  test('has the report of each run one heading level below its title', () => {
    for (const { title } of drill.runs) expect(markdown).toContain(`\n# ${title}\n`)
    expect(all(markdown, /^(### What to do next)$/gm)).toHaveLength(3)
  })
})
