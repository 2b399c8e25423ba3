import { RollbackError } from '#core/errors.ts'
import type { Session } from '#core/ports.ts'
import type { Manifest } from '#core/snapshot/manifest.ts'
import { sqlState } from '#core/sql/errors.ts'
import { sql } from '#core/sql/tag.ts'

type Needed = Manifest['extensions'][number]

/** Extensions of the manifest that are missing here. Throws `Restore.ExtensionOlder`, `Restore.ExtensionMoved`. */
export async function missingExtensions(session: Session, manifest: Manifest): Promise<Needed[]> {
  const { rows } = await session.query<{ name: string; schema: string; version: string }>(sql`
    select e.extname as name, n.nspname as schema, e.extversion as version
    from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace`)
  const installed = new Map(rows.map((row) => [row.name, row]))
  for (const needed of manifest.extensions) {
    const found = installed.get(needed.name)
    if (!found) continue
    if (isOlder(found.version, needed.version)) throw older(needed, found.version)
    if (found.schema !== needed.schema) {
      throw new RollbackError(
        'Restore.ExtensionMoved',
        `Extension "${needed.name}" is in schema "${found.schema}", the snapshot was made with it in "${needed.schema}".`,
        { fix: `alter extension "${needed.name}" set schema "${needed.schema}", then restore.`, category: 'refused' },
      )
    }
  }
  return manifest.extensions.filter(({ name }) => !installed.has(name))
}

/** Extensions that are newer here than in the snapshot: no obstacle, and worth knowing before one says yes. */
export async function newerExtensions(session: Session, needed: readonly Needed[]): Promise<string[]> {
  const { rows } = await session.query<{ name: string; version: string }>(sql`
    select extname as name, extversion as version from pg_catalog.pg_extension`)
  return needed.flatMap(({ name, version }) =>
    rows
      .filter((installed) => installed.name === name && isOlder(version, installed.version))
      .map((installed) => `extension "${name}" was "${version}", is "${installed.version}"`),
  )
}

/** Throws `Restore.ExtensionMissing`, with the statement that helps. */
export function requireExtensions(missing: readonly Needed[]): void {
  const [first] = missing
  if (first) throw extensionMissing(first)
}

/** Creates what is missing, in the schema and the version of the manifest where the server has that version. */
export async function createExtensions(session: Session, missing: readonly Needed[]): Promise<void> {
  for (const needed of missing) {
    const { rows } = await session.query<{ version: string }>(sql`
      select version from pg_catalog.pg_available_extension_versions where name = ${needed.name}`)
    const versions = rows.map(({ version }) => version)
    const version = versions.includes(needed.version)
      ? needed.version
      : versions.find((available) => !isOlder(available, needed.version))
    if (version === undefined) throw older(needed, versions.join(', ') || 'none')
    try {
      await session.query(sql`create schema if not exists ${sql.id(needed.schema)}`)
      await session.query(
        sql`create extension ${sql.id(needed.name)} schema ${sql.id(needed.schema)} version ${sql.literal(version)}`,
      )
    } catch (error) {
      throw sqlState(error) === '42501' ? extensionMissing(needed, error) : error
    }
  }
}

/** Compares versions number by number: `0.10.0` is newer than `0.8.1`. */
export const isOlder = (version: string, than: string): boolean => {
  const [a, b] = [version, than].map((text) => text.split(/[.-]/).map(Number))
  for (let i = 0; i < Math.max(a?.length ?? 0, b?.length ?? 0); i += 1) {
    const difference = (a?.[i] || 0) - (b?.[i] || 0)
    if (difference !== 0) return difference < 0
  }
  return false
}

const extensionMissing = ({ name, schema, version }: Needed, cause?: unknown) =>
  new RollbackError(
    'Restore.ExtensionMissing',
    `Extension "${name}" is not installed; the snapshot needs ${version}.`,
    {
      fix: `Run create extension "${name}" schema "${schema}" as a role that may (rds_superuser on RDS), then restore.`,
      category: 'refused',
      cause,
    },
  )

const older = ({ name, version }: Needed, found: string) =>
  new RollbackError(
    'Restore.ExtensionOlder',
    `Extension "${name}" is "${found}" here, the snapshot was made with "${version}".`,
    {
      fix: `alter extension "${name}" update, then restore; on RDS a newer engine may be needed.`,
      category: 'refused',
    },
  )
