import { readFileSync } from 'node:fs'
import { captureTables } from '#core/ddl/capture.ts'
import type { Table } from '#core/names.ts'
import { undoRetire } from '#core/retire/undo.ts'
import { createWorld, RETIREMENT, type World } from '#test/postgres/snapshot-world.ts'
import { realClock as clock } from '#test/support/clock.ts'

const ODD = 'Söhne; "P"'
export const CHUNKS: Table = { schema: 'public', name: 'chunks' }
/** What a plan names. */
export const ROOTS: readonly Table[] = [CHUNKS, { schema: ODD, name: 'kinds' }, { schema: 'public', name: 'nothing' }]
/** And what that means: parents before their partitions. */
export const TREES: readonly Table[] = [
  ...ROOTS,
  { schema: ODD, name: 'Früh & "spät"' },
  ...['chunks_2024', 'chunks_2025', 'chunks_rest'].map((name) => ({ schema: 'public', name })),
  { schema: ODD, name: 'kinds; rest' },
  { schema: 'public', name: 'kinds_1' },
  ...['chunks_2024_a', 'chunks_2024_rest', 'chunks_2025_0', 'chunks_2025_1'].map((name) => ({
    schema: 'public',
    name,
  })),
]

export const createPartitions = (): Promise<World> =>
  createWorld(readFileSync(new URL('partitions-schema.sql', import.meta.url), 'utf8'), ROOTS)

export const undo = ({ session }: Pick<World, 'session'>) =>
  session((s) => undoRetire(s, { retirement: RETIREMENT, clock }))

/** Every definition of the trees, which knows more than pg_dump prints; a table that was made anew has another oid. */
export const definitionsOf = ({ session }: Pick<World, 'session'>) =>
  session(async (s) => (await captureTables(s, TREES)).map(({ oid: _, ...definition }) => definition))

/** Rows by the table that holds them, and what a search finds through the parent. */
export const lookAtPartitions = async ({ query }: World) => ({
  chunks: await query('select tableoid::regclass::text as part, c::text from public.chunks c order by 1, 2'),
  kinds: await query(
    `select tableoid::regclass::text as part, k::text from "${ODD.replaceAll('"', '""')}".kinds k order by 1, 2`,
  ),
  nearest: await query(`select id from public.chunks order by embedding operator(public.<->) '[100.2,3.3,1]' limit 5`),
  wholeIndexes: await query(
    `select i.indexrelid::regclass::text as index, i.indisvalid from pg_index i join pg_class c on c.oid = i.indexrelid where c.relkind = 'I' order by 1`,
  ),
  sequence: await query(`select last_value, is_called from public.chunks_id_seq`),
  feedback: await query('select * from public.feedback order by 1'),
})
