import { type Dependent, type DependentKind, readDependents } from '#core/ddl/catalogue/dependents.ts'
import type { UsedObject } from '#core/ddl/dependents/definition.ts'
import { type Edge, keyOf, readUses, TABLES } from '#core/ddl/dependents/uses.ts'
import type { Session } from '#core/ports.ts'

/** A view or function that goes along with the tables and comes back with them. */
export interface Capturable extends Dependent {
  readonly kind: DependentKind
  readonly uses: readonly UsedObject[]
}

export interface FoundDependents {
  /** Each after what it uses. */
  readonly capturable: readonly Capturable[]
  /** Depends on the tables, or on something capturable, and cannot be captured. */
  readonly others: readonly Dependent[]
}

/**
 * What depends on the tables and, through views and functions, on what depends on them. One query for each level, and one
 * more where there is anything. `earlier`: what was found before; where that is still so, one level is enough, which
 * counts under a lock.
 */
export async function findDependents(
  session: Session,
  tables: readonly number[],
  earlier: readonly Known[] = [],
): Promise<FoundDependents> {
  const known = new Map(earlier.map((dependent) => [keyOf(dependent), dependent]))
  for (;;) {
    const found = await readDependents(
      session,
      [...tables, ...oidsOf(known, ['view', 'materialized view'])],
      oidsOf(known, ['function', 'procedure']),
    )
    const added = found.filter(isCapturable).filter((dependent) => !known.has(keyOf(dependent)))
    // A second line for one object says what else of the tables it depends on: the first is enough.
    for (const dependent of added) if (!known.has(keyOf(dependent))) known.set(keyOf(dependent), dependent)
    if (added.length > 0) continue
    const { ordered, uses, circular, edges } = await inOrder(session, tables, known)
    if (earlier.length > 0 && !allDepend([...known.keys()], edges)) return findDependents(session, tables)
    return {
      capturable: ordered.map((dependent) => ({
        ...dependent,
        uses: uses.filter(({ of }) => of === keyOf(dependent)).map(({ of: _, ...used }) => used),
      })),
      others: [
        ...found,
        ...circular.map((dependent) => ({ ...dependent, obstacle: 'it is part of a circle of definitions' })),
      ],
    }
  }
}

/** Whether each leads to the tables, by whatever others. */
function allDepend(keys: readonly string[], edges: readonly Edge[]): boolean {
  const depends = new Set<string>([TABLES])
  for (let size = 0; size < depends.size; ) {
    size = depends.size
    for (const { of, on } of edges) if (depends.has(on)) depends.add(of)
  }
  return keys.every((key) => depends.has(key))
}

export type Known = Dependent & { readonly kind: DependentKind }

const isCapturable = (dependent: Dependent): dependent is Known =>
  dependent.kind !== null && dependent.obstacle === null

const oidsOf = (known: ReadonlyMap<string, Known>, kinds: readonly DependentKind[]): number[] =>
  [...known.values()].filter(({ kind }) => kinds.includes(kind)).map(({ oid }) => oid)

interface Ordered {
  readonly ordered: readonly Known[]
  readonly circular: readonly Known[]
  readonly edges: readonly Edge[]
  readonly uses: readonly (UsedObject & { readonly of: string })[]
}

async function inOrder(
  session: Session,
  tables: readonly number[],
  known: ReadonlyMap<string, Known>,
): Promise<Ordered> {
  if (known.size === 0) return { ordered: [], circular: [], edges: [], uses: [] }
  const views = oidsOf(known, ['view', 'materialized view'])
  const { edges, uses } = await readUses(session, tables, views, oidsOf(known, ['function', 'procedure']))
  const ordered: Known[] = []
  // By name among those that may come next: the same order every time.
  let waiting = [...known.values()].toSorted((a, b) => (a.object < b.object ? -1 : 1))
  for (;;) {
    const next = waiting.find((each) => !edges.some(({ of, on }) => of === keyOf(each) && isWaiting(waiting, on)))
    if (!next) return { ordered, circular: waiting, edges, uses }
    ordered.push(next)
    waiting = waiting.filter((other) => other !== next)
  }
}

const isWaiting = (waiting: readonly Known[], key: string): boolean => waiting.some((other) => keyOf(other) === key)
