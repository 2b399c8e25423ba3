import type { Grant } from '#core/ddl/definition.ts'
import {
  type DependentDefinition,
  isMembership,
  isRoutine,
  isView,
  type ViewDefinition,
} from '#core/ddl/dependents/definition.ts'
import { RollbackError } from '#core/errors.ts'
import { canonicalJson } from '#core/json.ts'
import type { Row, Session } from '#core/ports.ts'
import { captureAgain, oidOf } from '#core/retire/dependents.ts'
import { differingPath } from '#core/retire/difference.ts'
import { withoutGrantsOf, withoutRoles } from '#core/retire/existing-roles.ts'
import type { RetiredDependent, Retirement } from '#core/retire/record.ts'
import { sql } from '#core/sql/tag.ts'

/** What went along and cannot be given back. */
export interface LostDependent {
  /** `view public.recent`, `publication "App"` with its table. */
  readonly object: string
  readonly why: string
}

/** What is still where the retirement left it, and what somebody dropped since. */
export async function sortDependents(
  session: Session,
  { dependents }: Pick<Retirement, 'dependents'>,
): Promise<{ there: RetiredDependent[]; lost: LostDependent[] }> {
  if (dependents.length === 0) return { there: [], lost: [] }
  const oids = (of: (definition: DependentDefinition) => boolean) =>
    dependents.flatMap(({ definition }) => (of(definition) ? (oidOf(definition) ?? []) : []))
  const { rows } = await session.query<{ kind: string; name: string } & Row>(sql`
    select 'view' as kind, oid::text as name from pg_class where oid = any(${oids(isView)}::oid[]) and relkind in ('v', 'm')
    union all select 'routine', oid::text from pg_proc where oid = any(${oids(isRoutine)}::oid[])
    union all select 'publication', pubname::text from pg_publication`)
  const isThere = ({ definition }: RetiredDependent): boolean =>
    rows.some(({ kind, name }) =>
      isMembership(definition)
        ? kind === 'publication' && name === definition.publication
        : kind === (isView(definition) ? 'view' : 'routine') && name === String(oidOf(definition)),
    )
  return {
    there: dependents.filter(isThere),
    lost: dependents.filter((each) => !isThere(each)).map(({ definition: { object } }) => ({ object, why: 'is gone' })),
  }
}

/** Throws `Undo.NameTaken` when functions were created anew under the names of those that went along. */
export async function requireFreeSignatures(session: Session, { dependents }: Retirement): Promise<void> {
  const routines = dependents.map(({ definition }) => definition).filter(isRoutine)
  if (routines.length === 0) return
  const { rows } = await session.query<{ place: string } & Row>(sql`
    select wanted.place::text as place
      from unnest(${routines.map(({ oid }) => oid)}::oid[], ${routines.map(({ routine }) => routine.schema)}::text[],
        ${routines.map(({ routine }) => routine.name)}::text[]) with ordinality wanted (oid, schema, name, place)
      join pg_proc moved on moved.oid = wanted.oid
      join pg_namespace n on n.nspname = wanted.schema
      join pg_proc other on other.pronamespace = n.oid and other.proname = wanted.name
       and other.proargtypes = moved.proargtypes and other.oid <> moved.oid
     order by wanted.place`)
  if (rows.length === 0) return
  const taken = rows.map(({ place }) => `another ${routines[Number(place) - 1]?.object}`)
  throw new RollbackError('Undo.NameTaken', `In the way of what is retired: ${taken.join('; ')}.`, {
    fix: 'Find out who created it anew and why; drop or rename it, then undo again.',
    category: 'refused',
  })
}

/** The same without what roles that are gone were granted, or granted. */
export const dependentsWithoutRoles = (
  dependents: readonly RetiredDependent[],
  lost: readonly string[],
): RetiredDependent[] =>
  dependents.map((dependent) => {
    const { definition } = dependent
    if (isView(definition)) {
      return { ...dependent, definition: { ...definition, relation: withoutRoles(definition.relation, lost) } }
    }
    return isRoutine(definition) ? { ...dependent, definition: withoutGrantsOf(definition, lost) } : dependent
  })

/** Compares what is there with the record, inside the transaction. Throws `Undo.DefinitionDiffers`. */
export async function requireDependentsAsRecorded(
  session: Session,
  tables: readonly number[],
  dependents: readonly RetiredDependent[],
): Promise<void> {
  if (dependents.length === 0) return
  const now = await captureAgain(session, tables, dependents)
  for (const { definition } of dependents) {
    const found = now.find((each) => sameObject(each, definition))
    if (found && !differs(definition, found)) continue
    throw new RollbackError('Undo.DefinitionDiffers', `"${definition.object}" would not come back as it was.`, {
      fix: 'Nothing was changed. Somebody altered it while it lay retired, or what it uses: put that back, or drop it, then undo again.',
      category: 'refused',
    })
  }
}

const sameObject = (a: DependentDefinition, b: DependentDefinition): boolean =>
  isMembership(a) && isMembership(b)
    ? a.object === b.object && canonicalJson(a.table) === canonicalJson(b.table)
    : isView(a) === isView(b) && oidOf(a) === oidOf(b)

/** The order of grants need not be attainable again; the object's name in plans is the one it had, or has, and says nothing. */
export function differs(recorded: DependentDefinition, now: DependentDefinition): boolean {
  if (!isView(recorded) || !isView(now)) return canonicalJson(comparable(recorded)) !== canonicalJson(comparable(now))
  return differingPath(recorded.relation, now.relation, []) !== null || comparableView(recorded) !== comparableView(now)
}

const comparableView = ({ object: _object, relation: _relation, ...rest }: ViewDefinition): string =>
  canonicalJson(rest)

const comparable = ({ object: _, ...rest }: DependentDefinition): unknown =>
  'grants' in rest ? { ...rest, grants: sorted(rest.grants) } : rest

const sorted = (grants: readonly Grant[] | null): string[] | null => grants?.map(canonicalJson).toSorted() ?? null
