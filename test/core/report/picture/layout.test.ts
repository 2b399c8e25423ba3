import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { VisitedState } from '#core/report/model.ts'
import { caption, captionSize } from '#core/report/picture/caption.ts'
import { allStates, type Graph, readGraph } from '#core/report/picture/graph.ts'
import type { Rectangle } from '#core/report/picture/layered.ts'
import { layout, type Picture } from '#core/report/picture/layout.ts'
import { takenIn } from '#core/report/picture/taken.ts'
import { fullReport } from '#test/support/report.ts'
import { purgedReport, stuckReport } from '#test/support/report-endings.ts'
import { machines, rollbackMachine } from '#test/support/report-machine.ts'
import { visited } from '#test/support/report-visits.ts'

const graphOf = (machine: unknown): Graph => {
  const graph = readGraph(machine)
  if (!graph) throw new Error('not a state machine')
  return graph
}

const draw = (graph: Graph, visits: readonly VisitedState[]): Picture =>
  layout(graph, visits, (state) => captionSize(state, caption(state, undefined)))

/** Every level of the machine with the boxes that stand in it. */
const levels = (graph: Graph, picture: Picture): { graph: Graph; boxes: Picture['boxes'] }[] => [
  { graph, boxes: picture.boxes.filter(({ state }) => graph.states.includes(state)) },
  ...graph.states.flatMap(({ inner }) => inner.flatMap((each) => levels(each, picture))),
]

const overlap = (a: Rectangle, b: Rectangle): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height

const inside = (inner: Rectangle, outer: Rectangle): boolean =>
  inner.x >= outer.x &&
  inner.y >= outer.y &&
  inner.x + inner.width <= outer.x + outer.width &&
  inner.y + inner.height <= outer.y + outer.height

const expectReadable = (graph: Graph, picture: Picture) => {
  expect(picture.boxes.map(({ state }) => state.name).sort()).toEqual(
    allStates(graph)
      .map(({ name }) => name)
      .sort(),
  )
  for (const level of levels(graph, picture)) {
    for (const [i, box] of level.boxes.entries()) {
      expect(inside(box, { x: 0, y: 0, width: picture.width, height: picture.height })).toBe(true)
      expect(level.boxes.slice(i + 1).filter((other) => overlap(box, other))).toEqual([])
      const within = box.state.inner.flatMap(allStates).map(({ name }) => name)
      for (const child of picture.boxes.filter(({ state }) => within.includes(state.name)))
        expect(inside(child, box)).toBe(true)
    }
    const names = new Set(level.graph.states.map(({ name }) => name))
    for (const line of picture.lines.filter(({ from, to }) => from !== to && names.has(from))) {
      const [from, to] = [line.from, line.to].map((name) => level.boxes.find(({ state }) => state.name === name))
      const [first, last] = [line.points[0], line.points.at(-1)]
      if (!from || !to || !first || !last) throw new Error(`"${line.from}" → "${line.to}" has no ends`)
      expect([from.y, from.y + from.height]).toContain(first.y)
      expect([to.y, to.y + to.height]).toContain(last.y)
      for (const [point, box] of [
        [first, from],
        [last, to],
      ] as const) {
        expect(point.x).toBeGreaterThanOrEqual(box.x)
        expect(point.x).toBeLessThanOrEqual(box.x + box.width)
      }
      for (const [i, point] of line.points.slice(0, -1).entries()) {
        const next = line.points[i + 1] ?? point
        const stretch = {
          x: Math.min(point.x, next.x),
          y: Math.min(point.y, next.y),
          width: Math.abs(point.x - next.x),
          height: Math.abs(point.y - next.y),
        }
        expect(level.boxes.filter((box) => overlap(stretch, box)).map(({ state }) => state.name)).toEqual([])
      }
    }
  }
}

/** The full rollback, from the first state to the report. */
const expectStraight = ({ boxes, lines }: Picture) => {
  const names = ['Contain', 'Open incident', 'Which path?', 'Retire', 'Seal snapshot', 'Verify', 'Report']
  const centres = names.map((name) => {
    const box = boxes.find(({ state }) => state.name === name)
    return box && box.x + box.width / 2
  })
  expect(new Set(centres).size).toBe(1)
  const last = lines.find(({ from, to }) => from === 'Recovered?' && to === 'Report')
  expect(last?.taken).toBe(true)
  expect(new Set(last?.points.map(({ x }) => x)).size).toBe(1)
}

describe('the picture of a state machine', () => {
  test('loses no state, lays no box over another, and leads no line through a box, whatever the machine', () => {
    fc.assert(
      fc.property(machines, fc.array(fc.nat(1_000), { maxLength: 30 }), (machine, picks) => {
        const graph = graphOf(machine)
        const names = allStates(graph).map(({ name }) => name)
        const visits = visited(picks.map((pick) => [names[pick % names.length] ?? '', 5]))
        const picture = draw(graph, visits)
        expectReadable(graph, picture)
        expect(draw(graph, visits)).toEqual(picture)
      }),
      { numRuns: 150 },
    )
  })

  test('draws every line that is no error path, and an error path only where it was taken', () => {
    fc.assert(
      fc.property(machines, (machine) => {
        const graph = graphOf(machine)
        const picture = draw(graph, [])
        const drawn = (kind: string, lines: readonly { from: string; to: string; kind: string }[]) =>
          lines
            .filter((line) => line.kind === kind)
            .map(({ from, to }) => `${from} → ${to}`)
            .sort()
        const links = levels(graph, picture).flatMap((level) => level.graph.links)
        expect(drawn('next', picture.lines)).toEqual(drawn('next', links))
        expect(drawn('catch', picture.lines)).toEqual([])
      }),
      { numRuns: 50 },
    )
    const caught = draw(graphOf(rollbackMachine), stuckReport().states).lines.filter(({ kind }) => kind === 'catch')
    expect(caught.map(({ from, to, taken }) => [from, to, taken])).toEqual([
      ['Snapshot each part', 'Needs a human', true],
    ])
  })

  test('of the rollback machine is hardly wider than the 850 pixels that a page of 1280 has for it, whatever the run', () => {
    const graph = graphOf(rollbackMachine)
    for (const { states } of [fullReport(), stuckReport(), purgedReport(), { states: [] }]) {
      const picture = draw(graph, states)
      expectReadable(graph, picture)
      expect(picture.width).toBeLessThanOrEqual(1.1 * 850)
    }
  })

  test('runs the way taken straight down', () => {
    expectStraight(draw(graphOf(rollbackMachine), fullReport().states))
  })

  test('puts the ends of the machine in the last row', () => {
    const { boxes } = draw(graphOf(rollbackMachine), [])
    const ends = boxes.filter(({ state, depth }) => state.end && depth === 0)
    expect(ends.map(({ state }) => state.name)).toContain('Nobody answered')
    expect(new Set(ends.map(({ y, height }) => y + height / 2)).size).toBe(1)
  })

  test('keeps the way taken in one column, whatever the machine and the run', () => {
    fc.assert(
      fc.property(machines, fc.array(fc.nat(1_000), { maxLength: 30 }), (machine, picks) => {
        const graph = graphOf(machine)
        const names = allStates(graph).map(({ name }) => name)
        const visits = visited(picks.map((pick) => [names[pick % names.length] ?? '', 5]))
        for (const level of levels(graph, draw(graph, visits))) {
          const column = takenIn(level.graph, visits).way.flatMap((name) => {
            const box = level.boxes.find(({ state }) => state.name === name)
            return box ? [{ x: box.x + box.width / 2, y: box.y }] : []
          })
          for (const [i, { x, y }] of column.slice(1).entries()) {
            expect(x).toBeCloseTo(column[i]?.x ?? Number.NaN)
            expect(y).toBeGreaterThan(column[i]?.y ?? Number.NaN)
          }
        }
      }),
      { numRuns: 100 },
    )
  })

  test.each([1, 2, 3, 4, 5])('is the same wherever a state stands in the file (shuffled with seed %i)', (seed) => {
    const machine = rollbackMachine as { States: Record<string, unknown> }
    const entries = Object.entries(machine.States)
    const [order = []] = fc.sample(
      fc.shuffledSubarray(entries, { minLength: entries.length, maxLength: entries.length }),
      { seed, numRuns: 1 },
    )
    expect(order.map(([name]) => name)).not.toEqual(entries.map(([name]) => name))
    const shuffled = graphOf({ ...machine, States: Object.fromEntries(order) })
    const { states } = fullReport()
    const picture = draw(shuffled, states)
    expectReadable(shuffled, picture)
    expectStraight(picture)
    expect(picture).toEqual(draw(graphOf(rollbackMachine), states))
  })
})
