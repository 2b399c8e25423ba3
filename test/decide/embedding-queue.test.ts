import { expect, it } from 'vitest'
import { loadPlan } from '#core/plan/load.ts'
import { chooseRow } from '#core/plan/table.ts'
import { drivesEveryRow } from '#test/decide/matrix.ts'
import { QUEUE_FOLDER } from '#test/plans/embedding-queue-world.ts'

it('each reason for a rollback is a signal that leads to its own procedure, and health and performance have alarms (EMQ-01, EMQ-77, EMQ-78, EMQ-84, EMQ-85)', async () => {
  const { decide, signals } = await loadPlan(QUEUE_FOLDER)
  const routeOf = (signal: string) => {
    const severity = signals[signal]?.severity ?? 'low'
    const row = chooseRow(decide, { signal, severity }, { change: 'off', also: [], at: '2026-11-21T12:00:00.000Z' })
    return [row?.row.path, row?.row.scenario]
  }
  expect(Object.fromEntries(Object.keys(signals).map((signal) => [signal, routeOf(signal)]))).toEqual({
    'articles-slow': ['partial', undefined],
    'articles-corrupted': ['partial', 'corruption-isolation'],
    'openai-failing': ['partial', 'provider-to-ollama'],
    'ollama-failing': ['partial', 'provider-to-openai'],
    'cpu-high': ['partial', 'resource-relief'],
    'memory-high': ['partial', 'resource-relief'],
    'migration-failing': ['partial', 'migration-tasks'],
    backlog: ['partial', 'gradual'],
    'task-stuck': ['monitor', undefined],
    'queue-errors': ['monitor', undefined],
    'database-unreachable': ['flag', undefined],
  })
})

await drivesEveryRow(QUEUE_FOLDER)
