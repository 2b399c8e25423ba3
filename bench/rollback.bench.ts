import { postgres } from '#aws/postgres.ts'
import type { PlanName, RetirementId } from '#core/names.ts'
import { retire } from '#core/retire/retire.ts'
import { undoRetire } from '#core/retire/undo.ts'
import { realClock } from '#test/support/clock.ts'
import { startPostgres } from '#test/support/postgres.ts'
import type { Benchmark, BenchmarkContext } from './benchmark.ts'
import { dropTables, fillTables, loadVectors, tablesOf } from './support/rollback-tables.ts'
import { type ScratchDatabase, scratchDatabase } from './support/scratch-database.ts'
import { median } from './support/statistics.ts'
import { watchedSession } from './support/watched-session.ts'

const ROWS = 1_000_000
const TIMES = 10
const ROUNDS = 5
/** One takes a tenth of a second: several in each round. */
const PAIRS = 5
const PLAN = 'bench' as PlanName
const SESSION = { applicationName: 'vector-rollback:bench', statementTimeout: 0 }

type Size = 'small' | 'large'

/** Milliseconds. */
interface Pair {
  /** From opening a connection to closing it. */
  readonly retire: number
  readonly retireHeld: number
  /** From opening a connection until the tables are back in their places, for everybody. */
  readonly undo: number
  readonly undoHeld: number
  /** What follows, and holds up nobody: the foreign keys are validated, which reads the tables. */
  readonly validate: number
}

const timedPair = async (database: ScratchDatabase, size: Size, name: string): Promise<Pair> => {
  const retirement = name as RetirementId
  const timed = async (
    work: (session: ReturnType<typeof watchedSession>['session']) => Promise<{ changed: boolean }>,
  ) => {
    const started = performance.now()
    const held = await postgres({ url: database.url }).session(SESSION, async (session) => {
      const watched = watchedSession(session)
      if (!(await work(watched.session)).changed) throw new Error('nothing was changed')
      return watched.held[0]
    })
    const ended = performance.now()
    if (!held) throw new Error('no lock was taken')
    return { whole: ended - started, done: held.to - started, after: ended - held.to, held: held.to - held.from }
  }
  const tables = tablesOf(size)
  const there = await timed((session) =>
    retire(session, { plan: PLAN, retirement, tables, allow: [], clock: realClock }),
  )
  const back = await timed(async (session) => {
    const undone = await undoRetire(session, { retirement, clock: realClock })
    const [lost] = [...undone.lostForeignKeys, ...undone.unvalidatedForeignKeys]
    if (lost) throw new Error(`a foreign key did not come back as it was: ${lost.why}`)
    return undone
  })
  return {
    retire: there.whole,
    retireHeld: there.held,
    undo: back.done,
    undoHeld: back.held,
    validate: back.after,
  }
}

interface Samples {
  readonly pairs: Record<Size, Pair[]>
  /** Milliseconds of `drop table`, and of filling and indexing the tables again. */
  readonly reference: Record<Size, { drop: number; restore: number }[]>
}

const sampled = async (
  database: ScratchDatabase,
  rows: Record<Size, number>,
  { note, signal, rounds }: BenchmarkContext,
): Promise<Samples> => {
  const samples: Samples = { pairs: { small: [], large: [] }, reference: { small: [], large: [] } }
  const last = rounds ?? ROUNDS
  for (let round = 1; round <= last; round += 1) {
    for (let i = 0; i < PAIRS; i += 1)
      for (const size of (i + round) % 2 ? (['small', 'large'] as const) : (['large', 'small'] as const)) {
        signal.throwIfAborted()
        samples.pairs[size].push(await timedPair(database, size, `bench-${round}-${i}-${size}`))
      }
    // The large one takes minutes: once, at the end.
    for (const size of round === last ? (['small', 'large'] as const) : (['small'] as const)) {
      signal.throwIfAborted()
      const started = performance.now()
      await dropTables(database, size)
      const dropped = performance.now()
      await fillTables(database, size, rows[size])
      const restored = performance.now()
      samples.reference[size].push({ drop: dropped - started, restore: restored - dropped })
      note(`round ${round}, ${rows[size]} rows dropped and put back in ${((restored - started) / 1000).toFixed(1)} s`)
    }
  }
  return samples
}

const result = ({ pairs, reference }: Samples, rows: Record<Size, number>) => {
  const of = (size: Size, key: keyof Pair) => median(pairs[size].map((pair) => pair[key]))
  const whole = (size: Size) => median(reference[size].map(({ drop, restore }) => drop + restore))
  const sizes = ['small', 'large'] as const
  const row = (what: string, size: Size, values: readonly number[]) => ({
    what,
    rows: rows[size],
    samples: values.length,
    'median ms': median(values),
    'max ms': Math.max(...values),
  })
  const steps = {
    retire: 'retire',
    retireHeld: 'retire: others wait',
    undo: 'undo, until the tables are back',
    undoHeld: 'undo: others wait',
    validate: 'undo: foreign keys validated, nobody waits',
  } as const
  return {
    ratios: [
      ...(['retire', 'undo'] as const).flatMap((key) => [
        {
          name: `${key}, ${rows.large} rows / ${rows.small} rows`,
          value: of('large', key) / of('small', key),
          atMost: 1.25,
        },
        ...sizes.map((size) => ({
          name: `${key}, ${rows[size]} rows / one second`,
          value: of(size, key) / 1000,
          atMost: 1,
        })),
      ]),
      ...sizes.map((size) => ({
        name: `retire + undo / drop table + restore, ${rows[size]} rows`,
        value: (of(size, 'retire') + of(size, 'undo')) / whole(size),
      })),
    ],
    measurements: sizes.flatMap((size) => [
      ...Object.entries(steps).map(([key, what]) =>
        row(
          what,
          size,
          pairs[size].map((pair) => pair[key as keyof Pair]),
        ),
      ),
      row(
        'drop table',
        size,
        reference[size].map(({ drop }) => drop),
      ),
      row(
        'restore',
        size,
        reference[size].map(({ restore }) => restore),
      ),
    ]),
  }
}

export const benchmark: Benchmark = {
  name: 'rollback',
  describe: `retiring ${ROWS} rows of vector(1536) and a tenth of them, and the undo, against DROP TABLE and a restore`,
  async run(context) {
    const large = context.rows ?? ROWS
    const rows = { small: Math.ceil(large / TIMES), large }
    const server = await startPostgres()
    try {
      const database = await scratchDatabase(server.url)
      try {
        context.note(`drawing ${rows.small} random vectors`)
        await loadVectors(database, rows.small)
        for (const size of ['small', 'large'] as const) {
          context.note(`filling tables of ${rows[size]} rows`)
          await fillTables(database, size, rows[size])
        }
        return result(await sampled(database, rows, context), rows)
      } finally {
        await database.drop()
      }
    } finally {
      await server.stop()
    }
  },
}
