import { postgres } from '#aws/postgres.ts'
import type { Table } from '#core/names.ts'
import { sql } from '#core/sql/tag.ts'
import { randomVectors } from './random-vectors.ts'
import { type ScratchDatabase, scratchDatabase } from './scratch-database.ts'

const DIMENSIONS = 1536
export const documents: Table = { schema: 'public', name: 'documents' }
export const embeddings: Table = { schema: 'public', name: 'embeddings' }
export const vectorIndex: Table = { schema: 'public', name: 'embeddings_embedding_idx' }

/** What an application does once searching is switched off, and one search that no vector index serves. `$1`: an id. */
export const READS = {
  documents: ['select title, touched from public.documents where id = $1'],
  both: [
    'select title, touched from public.documents where id = $1',
    'select tenant_id, public.vector_dims(embedding) from public.embeddings where id = $1',
    `select id from public.embeddings where tenant_id = $1::int % 100 order by embedding operator(public.<->)
       (select embedding from public.embeddings where id = $1) limit 3`,
  ],
} as const

/**
 * Documents, and embeddings that refer to them, with keys, a vector index and grants. Copied for each scene. Autovacuum is
 * off until a scene wants it.
 */
export const lockWorld = async (server: string, rows: number): Promise<ScratchDatabase> => {
  const database = await scratchDatabase(server)
  try {
    const options = { applicationName: 'vector-rollback:bench', statementTimeout: 0 }
    await postgres({ url: database.url }).session(options, async (session) => {
      await session.script(`create table public.vectors (id integer, embedding public.vector(${DIMENSIONS}))`)
      await session.copyIn(sql`copy public.vectors from stdin (format binary)`, randomVectors(rows, DIMENSIONS))
      await session.script(`
        create table public.documents (id bigint primary key, title text not null, touched integer not null default 0)
          with (autovacuum_enabled = false, toast.autovacuum_enabled = false);
        create table public.embeddings (id bigint primary key, document_id bigint not null references public.documents (id),
          tenant_id integer not null, touched integer not null default 0, embedding public.vector(${DIMENSIONS}) not null)
          with (autovacuum_enabled = false, toast.autovacuum_enabled = false);
        insert into public.documents select n, 'document ' || n || repeat(' and its text', 20) from generate_series(1, ${rows}) n;
        insert into public.embeddings select id, id, id % 100, 0, embedding from public.vectors;
        drop table public.vectors;
        create index embeddings_tenant_idx on public.embeddings (tenant_id);
        create index embeddings_embedding_idx on public.embeddings using hnsw (embedding public.vector_l2_ops);
        grant select, insert, update, delete on public.embeddings, public.documents to ${sql.id(database.app).text};
        analyze public.documents; analyze public.embeddings`)
    })
    return database
  } catch (error) {
    await database.drop()
    throw error
  }
}
