import type { Grant } from '#core/ddl/definition.ts'
import { captureDependents } from '#core/ddl/dependents/capture.ts'
import { type DependentDefinition, isMembership, isRoutine, isView } from '#core/ddl/dependents/definition.ts'
import { RollbackError } from '#core/errors.ts'
import { canonicalJson } from '#core/json.ts'
import type { Row, Session } from '#core/ports.ts'
import { oidOf } from '#core/retire/dependents.ts'
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
  for (const { object, oid, routine } of routines) {
    const { rowCount } = await session.query(sql`
      select from pg_proc moved join pg_proc other using (proargtypes) join pg_namespace n on n.oid = other.pronamespace
       where moved.oid = ${oid} and other.oid <> moved.oid and n.nspname = ${routine.schema} and other.proname = ${routine.name}`)
    if (rowCount === 0) continue
    throw new RollbackError('Undo.NameTaken', `In the way of what is retired: another ${object}.`, {
      fix: 'Find out who created it anew and why; drop or rename it, then undo again.',
      category: 'refused',
    })
  }
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
  const now = await captureDependents(session, tables)
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
    : a.object === b.object && oidOf(a) === oidOf(b)

/** The order of grants need not be attainable again. */
export function differs(recorded: DependentDefinition, now: DependentDefinition): boolean {
  if (!isView(recorded) || !isView(now)) return canonicalJson(comparable(recorded)) !== canonicalJson(comparable(now))
  const { relation: was, ...rest } = recorded
  const { relation: is, ...restNow } = now
  return differingPath(was, is, []) !== null || canonicalJson(rest) !== canonicalJson(restNow)
}

const comparable = (definition: DependentDefinition): unknown =>
  isRoutine(definition) ? { ...definition, grants: sorted(definition.grants) } : definition

const sorted = (grants: readonly Grant[] | null): string[] | null => grants?.map(canonicalJson).toSorted() ?? null
