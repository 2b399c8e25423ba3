import { expect, test } from 'vitest'
import type { VisitedState } from '#core/report/model.ts'
import { readGraph } from '#core/report/picture/graph.ts'
import { drawMachine } from '#core/report/picture/svg.ts'
import { fullReport } from '#test/support/report.ts'
import { stuckReport } from '#test/support/report-endings.ts'
import { rollbackMachine } from '#test/support/report-machine.ts'
import { visited } from '#test/support/report-visits.ts'

const draw = (visits: readonly VisitedState[], machine: unknown = rollbackMachine): string => {
  const graph = readGraph(machine)
  if (!graph) throw new Error('not a state machine')
  return drawMachine(graph, visits, 'machine').text
}
const statusOf = (svg: string, name: string) => new RegExp(`data-state="${name}" data-status="([^"]*)"`).exec(svg)?.[1]

test('tells taken, failed, running and not taken apart', () => {
  const svg = draw(stuckReport().states)
  expect(statusOf(svg, 'Retire')).toBe('succeeded')
  expect(statusOf(svg, 'Snapshot part')).toBe('failed')
  expect(statusOf(svg, 'Needs a human')).toBe('running')
  expect(statusOf(svg, 'Purge')).toBe('not-taken')
})

test('does not call the items of a distributed map not taken: they run in executions of their own', () => {
  const outer = fullReport().states.filter(({ name }) => name !== 'Snapshot part')
  expect(statusOf(draw(outer), 'Snapshot part')).toBe('unrecorded')
  expect(statusOf(draw([]), 'Snapshot part')).toBe('not-taken')
  expect(statusOf(draw(outer), 'Run step')).toBe('not-taken')
})

test('marks choices that lie on the way although the history leaves them out', () => {
  const svg = draw(
    visited([
      ['Contain', 5],
      ['Open incident', 5],
      ['Tell and record', 5],
    ]),
  )
  expect(statusOf(svg, 'Is it ours\\?')).toBe('passed')
  expect(svg).toContain('<g class="line taken "><title>Is it ours? → Tell and record</title>')
})

test('a state that failed at first and then succeeded shows both', () => {
  const svg = draw(
    visited([
      ['Contain', 5, 2, 'Sandbox.Timedout'],
      ['Contain', 7],
    ]),
  )
  expect(svg).toContain('class="state succeeded recovered')
  expect(svg).toContain('failed at first: Sandbox')
  expect(svg).toContain('visited ×2 · retried ×1')
})

test('draws a state that leads to itself', () => {
  const loop = {
    StartAt: 'A',
    States: { A: { Type: 'Choice', Choices: [{ Next: 'A' }], Default: 'B' }, B: { Type: 'Fail' } },
  }
  expect(
    draw(
      visited([
        ['A', 1],
        ['A', 1],
        ['B', 1],
      ]),
      loop,
    ),
  ).toContain('<g class="line taken "><title>A → A</title>')
})
