import { expect, test } from 'vitest'
import type { Graph } from '#core/report/picture/graph.ts'
import { readGraph } from '#core/report/picture/graph.ts'
import { linkKey, takenIn } from '#core/report/picture/taken.ts'
import { visited } from '#test/support/report-visits.ts'

const graph = readGraph({
  StartAt: 'Ask',
  States: {
    Ask: { Type: 'Task', Next: 'Good?', Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Help' }] },
    'Good?': { Type: 'Choice', Choices: [{ Next: 'Pause' }, { Next: 'Again?' }], Default: 'Done' },
    'Again?': { Type: 'Choice', Choices: [{ Next: 'Ask' }], Default: 'Help' },
    Pause: { Type: 'Wait', Seconds: 1, Next: 'Ask' },
    Help: { Type: 'Task', End: true },
    Done: { Type: 'Succeed' },
  },
}) as Graph

const way = (...names: string[]) => {
  const { links, passed } = takenIn(graph, visited(names.map((name) => [name, 1])))
  return { links: [...links], passed: [...passed] }
}

test('a link is taken when its states were entered one after the other', () => {
  expect(way('Ask', 'Good?', 'Done')).toEqual({
    links: [linkKey('Ask', 'Good?'), linkKey('Good?', 'Done')],
    passed: [],
  })
})

test('choices that a history leaves out are passed, along the shortest way', () => {
  expect(way('Ask', 'Done')).toEqual({ links: [linkKey('Ask', 'Good?'), linkKey('Good?', 'Done')], passed: ['Good?'] })
})

test('an error path is taken when it is the direct one', () => {
  expect(way('Ask', 'Help').links).toEqual([linkKey('Ask', 'Help')])
})

test('nothing is claimed where no way leads, and no wait is made up', () => {
  expect(way('Done', 'Ask')).toEqual({ links: [], passed: [] })
  expect(way('Ask', 'Ask').links).not.toContain(linkKey('Pause', 'Ask'))
})

test('the way leaves out a loop once the run went on from it, and starts again where the run came back', () => {
  const steps = (...names: string[]) => takenIn(graph, visited(names.map((name) => [name, 1]))).way
  expect(steps('Ask', 'Pause', 'Ask', 'Done')).toEqual(['Ask', 'Good?', 'Done'])
  expect(steps('Ask', 'Pause')).toEqual(['Ask', 'Good?', 'Pause'])
  expect(steps('Done', 'Ask')).toEqual(['Done', 'Ask'])
  expect(steps()).toEqual([])
})
