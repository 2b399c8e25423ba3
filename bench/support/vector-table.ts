import { drillDatabase } from '#cli/drill-database.ts'
import type { PlanName, RetirementId } from '#core/names.ts'
import type { Database } from '#core/ports.ts'
import type { Retirement } from '#core/retire/record.ts'
import { retire } from '#core/retire/retire.ts'
import { sql } from '#core/sql/tag.ts'
import { travellingClock } from '#local/clock.ts'
import { VECTORS } from '../../plans/pgvector-search/fixture/rows.ts'

export const TABLE = { schema: 'public', name: 'embeddings' }
export const BENCH_PLAN = 'bench' as PlanName

/** A table of `vector(1536)` in a database of its own, and what retiring it left behind: its still copy. */
export interface VectorTable {
  readonly rows: number
  readonly url: string
  readonly database: Database
  /** Throws when it was done before. */
  retire(): Promise<Retirement>
  drop(): Promise<void>
}

/** The rows: a key, a text, and a vector whose numbers hardly compress. */
const fill = (rows: number) => sql`
  insert into public.embeddings
  select i, 'chunk ' || i, ${VECTORS.sum}
  from pg_catalog.generate_series(1, ${rows}::int) as i
  ${VECTORS.joins}
  order by i`

export const makeVectorTable = async (server: string, rows: number): Promise<VectorTable> => {
  const { database, forStack, drop } = await drillDatabase(server)
  if (!('url' in forStack)) throw new Error('the database is not one of a server')
  const session: Database['session'] = (options, work) => database.session({ statementTimeout: 0, ...options }, work)
  try {
    await session({ applicationName: 'vector-rollback:bench' }, async (one) => {
      await one.script(`
        create extension vector with schema public;
        create table public.embeddings (id bigint primary key, content text, embedding public.vector(1536));`)
      await one.query(VECTORS.make)
      await one.query(fill(rows))
      // Visibility bits are set by the first reader, whoever that is: so by none of those that are measured.
      await one.query(sql`vacuum analyze public.embeddings`)
    })
  } catch (error) {
    await drop()
    throw error
  }
  return {
    rows,
    url: forStack.url,
    database,
    drop,
    retire: async () => {
      const input = {
        plan: BENCH_PLAN,
        retirement: 'bench' as RetirementId,
        tables: [TABLE],
        allow: [],
        clock: travellingClock(),
      }
      const work = await session({ applicationName: 'vector-rollback:bench' }, (one) => retire(one, input))
      if (!work.changed) throw new Error('the table was retired before')
      return work.retirement
    },
  }
}
