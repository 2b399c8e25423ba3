import { findRelations } from '#core/ddl/catalogue/locate.ts'
import { type DependentDefinition, isMembership } from '#core/ddl/dependents/definition.ts'
import { RollbackError } from '#core/errors.ts'
import { printTable } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { captureAgain, oidOf } from '#core/retire/dependents.ts'
import { differs } from '#core/retire/dependents-back.ts'
import type { Retirement } from '#core/retire/record.ts'
import { type Manifest, retiredWith } from '#core/snapshot/manifest.ts'

/** What goes with the tables of a manifest, as it is printed where it lies retired; each after what it uses. */
export const retiredDependents = (manifest: Manifest): DependentDefinition[] =>
  retiredWith(manifest).flatMap(({ moved }) => moved ?? [])

/**
 * Compares views and functions that lie retired with the manifest: what it would bring back has to be what is destroyed.
 * Throws `Purge.DependentChanged`.
 */
export async function requireUnchangedDependents(
  session: Session,
  { tables }: Retirement,
  manifest: Manifest,
): Promise<void> {
  const dependents = retiredWith(manifest)
  if (dependents.length === 0) return
  const located = await findRelations(
    session,
    tables.map(({ retired }) => retired),
  )
  const now = await captureAgain(
    session,
    located.map(({ oid }) => oid),
    dependents,
  )
  for (const { definition, moved } of dependents) {
    if (isMembership(definition)) continue
    const found = now.find(
      (each) => !isMembership(each) && each.kind === definition.kind && oidOf(each) === oidOf(definition),
    )
    if (found && moved && !differs(moved, found)) continue
    throw new RollbackError(
      'Purge.DependentChanged',
      `"${definition.object}", which lies retired, ${found ? 'is not what it was when it was retired' : 'is gone'}.`,
      {
        fix: 'Nothing was dropped: undo the retirement, or find out who altered it and put that back.',
        category: 'refused',
      },
    )
  }
}

/** `view public.recent` by the kind and the name under which it lies retired; such a name never needs quotes. */
export const formerNames = (manifest: Manifest): ReadonlyMap<string, string> =>
  new Map(
    retiredWith(manifest).flatMap(({ definition: { kind, object }, retired }) =>
      retired ? [[`${kind} ${printTable(retired)}`, object] as const] : [],
    ),
  )
