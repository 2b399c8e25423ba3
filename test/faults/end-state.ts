import { Client } from 'pg'
import { vi } from 'vitest'
import { readAllJson, readJson } from '#core/json.ts'
import { startStack } from '#local/stack.ts'
import { LOCAL_FLAG, type Scene } from '#test/faults/scene.ts'
import { dumpSchema } from '#test/postgres/ddl-roundtrip-schema.ts'
import { PLAN } from '#test/support/paths.ts'

/** Names of retired tables carry the run that retired them: they differ from run to run, and nothing else may. */
const withoutRun = (text: string): string => text.replaceAll(/\br[0-9a-f]{12}_(?=\d)/g, 'r_')

const TABLES = `
  select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.relkind = 'r' and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
     and (n.nspname, c.relname) <> ('vector_rollback_retired', 'retirements')`
const LEFTOVERS = `
  select 'schema ' || nspname as what from pg_namespace where nspname like 'vector_rollback_restore%'
  union all select 'invalid index ' || indexrelid::regclass::text from pg_index where not indisvalid
  union all select 'foreign key not validated ' || conname from pg_constraint where not convalidated
  union all select 'prepared transaction ' || gid from pg_prepared_xacts where database = current_database()
  order by 1`
const SESSIONS = `
  select application_name from pg_stat_activity
   where datname = current_database() and starts_with(application_name, 'vector-rollback')`
const RETIREMENTS = `
  select to_regclass('vector_rollback_retired.retirements') is not null as there`
const STATES = `
  select undone_at is not null as undone, purged_at is not null as purged from vector_rollback_retired.retirements order by 1, 2`

/** All that a run leaves behind, in the database and in the bucket, less names and times. */
export interface EndState {
  readonly schema: string
  readonly tables: Readonly<Record<string, { rows: number; digest: string | null }>>
  readonly leftovers: readonly string[]
  readonly retirements: readonly { undone: boolean; purged: boolean }[]
  readonly manifests: readonly unknown[]
  readonly indexesToBuild: readonly unknown[]
  readonly leaseReleased: boolean | null
  readonly flag: string | undefined
}

const connected = async <T>(url: string, work: (client: Client) => Promise<T>): Promise<T> => {
  const client = new Client(url)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

const ofDatabase = (scene: Scene) =>
  connected(scene.db.superuserUrl, async (client) => {
    // What a killed process left running in the server ends by itself: nothing of it may be there in the end.
    await vi.waitUntil(async () => (await client.query(SESSIONS)).rowCount === 0, { timeout: 10_000 })
    const tables: Record<string, { rows: number; digest: string | null }> = {}
    for (const { schema, name } of (await client.query<{ schema: string; name: string }>(TABLES)).rows) {
      const { rows } = await client.query(
        `select count(*)::int as rows, md5(string_agg(t::text, ',' order by t::text)) as digest from "${schema}"."${name}" t`,
      )
      tables[withoutRun(`${schema}.${name}`)] = rows[0]
    }
    const { rows: there } = await client.query<{ there: boolean }>(RETIREMENTS)
    return {
      tables,
      leftovers: (await client.query<{ what: string }>(LEFTOVERS)).rows.map(({ what }) => what),
      retirements: there[0]?.there ? (await client.query<{ undone: boolean; purged: boolean }>(STATES)).rows : [],
    }
  })

interface KeptManifest {
  consistency: string
  tables: { schema: string; name: string; rows: number; digest: string; sha256: string; parts: { rows: number }[] }[]
}

const ofBucket = async ({ state, db }: Scene) => {
  const stack = await startStack({ directory: state, environment: 'local', database: { url: db.url } })
  try {
    const { objects, flags } = stack
    const sealed = (await readAllJson(objects, `snapshots/${PLAN}/`)).filter(({ key }) => key.endsWith('manifest.json'))
    const lease = (await readJson(objects, `leases/${PLAN}.json`))?.value as { released: boolean } | undefined
    return {
      manifests: sealed.map(({ value }) => {
        const { consistency, tables } = value as KeptManifest
        return {
          consistency,
          tables: tables.map(({ schema, name, rows, digest, sha256, parts }) => ({
            ...{ schema, name, rows, digest, sha256 },
            parts: parts.map((part) => part.rows),
          })),
        }
      }),
      indexesToBuild: (await readAllJson(objects, `indexes/${PLAN}/`)).map(({ value }) => {
        const { index, rebuilt } = value as { index: { name: string }; rebuilt: boolean }
        return { name: index.name, rebuilt }
      }),
      leaseReleased: lease?.released ?? null,
      flag: (await flags.read(LOCAL_FLAG as never))?.value,
    }
  } finally {
    await stack.close()
  }
}

export const endStateOf = async (scene: Scene): Promise<EndState> => ({
  schema: withoutRun(await dumpSchema(scene.db)),
  ...(await ofDatabase(scene)),
  ...(await ofBucket(scene)),
})
