import { postgres } from '#aws/postgres.ts'
import { dropConcurrently } from '#core/indexes/drop.ts'
import type { PlanName, RetirementId, Table } from '#core/names.ts'
import type { Objects, Session } from '#core/ports.ts'
import { swapIn } from '#core/restore/swap-in.ts'
import type { Retirement } from '#core/retire/record.ts'
import { findRetirement } from '#core/retire/records.ts'
import { retire } from '#core/retire/retire.ts'
import { undoRetire } from '#core/retire/undo.ts'
import { realClock as clock } from '#test/support/clock.ts'
import type { Vacuum } from './disturbances.ts'
import { documents, embeddings, READS, vectorIndex } from './lock-world.ts'
import { restoreAside, restoreOf } from './restore-aside.ts'
import { type ScratchDatabase, withClient } from './scratch-database.ts'

/** One way to change the tables under the application. */
export interface Way {
  readonly path: string
  /** `null` is the product; else what a runbook has for it. */
  readonly runbook: string | null
  /** What the application reads, by its statements, and from which tables. */
  readonly reads: readonly string[]
  readonly tables: readonly Table[]
  readonly vacuum: Vacuum
  /** The embeddings are out of the application's reach afterwards: that is what it is for. */
  readonly takesAway: boolean
  prepare(place: Place): Promise<void>
  act(place: Place): Promise<void>
}

/** Where it happens. */
export interface Place {
  readonly database: ScratchDatabase
  /** An empty bucket. */
  readonly objects: Objects
}

const PLAN = 'bench' as PlanName
const RETIREMENT = 'bench-1' as RetirementId

const inSession = <T>(
  { database: { url }, objects }: Place,
  work: (session: Session, objects: Objects) => Promise<T>,
) =>
  postgres({ url }).session({ applicationName: 'vector-rollback:bench', statementTimeout: 0 }, (session) =>
    work(session, objects),
  )

const product =
  (work: (session: Session, objects: Objects) => Promise<unknown>) =>
  async (place: Place): Promise<void> =>
    void (await inSession(place, work))

const typed =
  (statement: string) =>
  ({ database: { url } }: Place): Promise<void> =>
    withClient(url, async (client) => void (await client.query(statement)))

const retireEmbeddings = product((session) =>
  retire(session, { plan: PLAN, retirement: RETIREMENT, tables: [embeddings], allow: [], clock }),
)
const retired = async (session: Session): Promise<Retirement> => {
  const found = await findRetirement(session, RETIREMENT)
  if (!found) throw new Error('the embeddings were not retired')
  return found
}
const restoreEmbeddingsAside = async (place: Place): Promise<void> => {
  await retireEmbeddings(place)
  await restoreAside(place.database.url, place.objects, await inSession(place, retired))
}
const nothing = async (): Promise<void> => undefined

/** What is deleted leaves work in the TOAST table, where the vectors are, too. */
const ofEmbeddings: Vacuum = {
  table: embeddings,
  deadRows: 'delete from public.embeddings where id % 10 = 0',
  atOnce: 2,
}
const ofDocuments: Vacuum = {
  table: documents,
  deadRows: 'update public.documents set touched = touched + 1',
  atOnce: 1,
}

const inService = { reads: READS.both, tables: [documents, embeddings], vacuum: ofEmbeddings } as const
/** The embeddings are away: what the application reads is the table that they refer to. */
const away = { reads: READS.documents, tables: [documents], vacuum: ofDocuments, takesAway: false } as const

const byHand = (runbook: string, statement: string, rest: Omit<Way, 'runbook' | 'act'>): Way => ({
  ...rest,
  runbook,
  act: typed(statement),
})

/** In pairs: the product, then what a runbook does instead, without a recipe for locks. */
export const ways: readonly Way[] = [
  {
    ...inService,
    path: 'partial: drop the index',
    runbook: null,
    takesAway: false,
    prepare: nothing,
    act: product((session) => dropConcurrently(session, vectorIndex, { budget: 60_000, table: embeddings })),
  },
  byHand('drop index', 'drop index public.embeddings_embedding_idx', {
    ...inService,
    path: 'partial: drop the index',
    takesAway: false,
    prepare: nothing,
  }),
  { ...inService, path: 'full: retire', runbook: null, takesAway: true, prepare: nothing, act: retireEmbeddings },
  byHand('drop table', 'drop table public.embeddings', {
    ...inService,
    path: 'full: retire',
    takesAway: true,
    prepare: nothing,
  }),
  byHand('alter table … set schema', 'alter table public.embeddings set schema by_hand', {
    ...inService,
    path: 'full: retire',
    takesAway: true,
    prepare: typed('create schema by_hand'),
  }),
  {
    ...away,
    path: 'restore: undo',
    runbook: null,
    prepare: retireEmbeddings,
    act: product((session) => undoRetire(session, { retirement: RETIREMENT, clock })),
  },
  byHand('alter table … set schema, back', 'alter table by_hand.embeddings set schema public', {
    ...away,
    path: 'restore: undo',
    prepare: typed('create schema by_hand; alter table public.embeddings set schema by_hand'),
  }),
  {
    ...away,
    path: 'restore: swap in',
    runbook: null,
    prepare: restoreEmbeddingsAside,
    act: product(async (session, objects) =>
      swapIn(session, objects, { ...restoreOf(await retired(session)), clock, locks: {} }),
    ),
  },
  byHand(
    'alter table … set schema, add foreign key',
    `alter table by_hand.embeddings set schema public;
     alter table public.embeddings add foreign key (document_id) references public.documents`,
    {
      ...away,
      path: 'restore: swap in',
      prepare: typed(`create schema by_hand; alter table public.embeddings set schema by_hand;
        alter table by_hand.embeddings drop constraint embeddings_document_id_fkey`),
    },
  ),
]
