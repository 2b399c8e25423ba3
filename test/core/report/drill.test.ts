import { describe, expect, test } from 'vitest'
import { DrillReport, drillSummary, outcomeOfDrill, renderDrillHtml, renderDrillMarkdown } from '#core/report/drill.ts'
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

const late = (): DrillReport['runs'] => {
  const [first, ...rest] = drillReport().runs
  if (!first) throw new Error('a drill has a run')
  const budgets = [{ name: 'total', limitMs: 60_000, actualMs: 90_000, met: false }]
  return [{ ...first, report: { ...first.report, budgets } }, ...rest]
}

test('a drill passes only when every run passed, in the time that its plan gives it', () => {
  expect(outcomeOfDrill(drill.runs)).toBe('drill-passed')
  expect(outcomeOfDrill(drillReport('stuck').runs)).toBe('needs-human')
  expect(outcomeOfDrill(late())).toBe('needs-human')
  const page = renderDrillMarkdown({ ...drill, outcome: 'needs-human', runs: late() })
  expect(page).toContain('A budget was missed in “Flag only”. Total time: 1 min 30 s of 1 min.')
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
    const budgets =
      'Contained: 4.2 s of 1 min, met; Longest wait for us: 38 ms of 100 ms, met; Total time: 2 min 14 s of 15 min, met'
    expect(markdown).toContain(
      `| Full rollback | full | Drill passed | 4.2 s | 2 min 14 s | ${budgets} | 6 of 6 checks passed |`,
    )
  })

  test('has the report of each run one heading level below its title', () => {
    for (const { title } of drill.runs) expect(markdown).toContain(`\n# ${title}\n`)
    expect(all(markdown, /^(### What to do next)$/gm)).toHaveLength(3)
  })
})
