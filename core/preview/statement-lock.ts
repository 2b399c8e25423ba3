import { nodesOf, type SqlNode, topNode } from '#core/plan/sql-nodes.ts'
import { writeTable } from '#core/plan/vocabulary.ts'

/** PostgreSQL, "Explicit Locking": the modes by their numbers in `LOCK TABLE`'s syntax tree. */
const MODES = [
  'none',
  'ACCESS SHARE',
  'ROW SHARE',
  'ROW EXCLUSIVE',
  'SHARE UPDATE EXCLUSIVE',
  'SHARE',
  'SHARE ROW EXCLUSIVE',
  'EXCLUSIVE',
  'ACCESS EXCLUSIVE',
] as const
type Mode = (typeof MODES)[number]

/** Forms of ALTER TABLE that need less than ACCESS EXCLUSIVE. Source: PostgreSQL, "ALTER TABLE". */
const ALTERATIONS: Readonly<Record<string, Mode>> = {
  AT_SetStatistics: 'SHARE UPDATE EXCLUSIVE',
  AT_SetOptions: 'SHARE UPDATE EXCLUSIVE',
  AT_ResetOptions: 'SHARE UPDATE EXCLUSIVE',
  AT_SetRelOptions: 'SHARE UPDATE EXCLUSIVE',
  AT_ResetRelOptions: 'SHARE UPDATE EXCLUSIVE',
  AT_ValidateConstraint: 'SHARE UPDATE EXCLUSIVE',
  AT_ClusterOn: 'SHARE UPDATE EXCLUSIVE',
  AT_DropCluster: 'SHARE UPDATE EXCLUSIVE',
  AT_AttachPartition: 'SHARE UPDATE EXCLUSIVE',
  AT_EnableTrig: 'SHARE ROW EXCLUSIVE',
  AT_EnableAlwaysTrig: 'SHARE ROW EXCLUSIVE',
  AT_EnableReplicaTrig: 'SHARE ROW EXCLUSIVE',
  AT_DisableTrig: 'SHARE ROW EXCLUSIVE',
  AT_EnableTrigAll: 'SHARE ROW EXCLUSIVE',
  AT_DisableTrigAll: 'SHARE ROW EXCLUSIVE',
  AT_EnableTrigUser: 'SHARE ROW EXCLUSIVE',
  AT_DisableTrigUser: 'SHARE ROW EXCLUSIVE',
}

const strongest = (modes: readonly Mode[]): Mode =>
  modes.reduce((a, b) => (MODES.indexOf(a) >= MODES.indexOf(b) ? a : b), 'none')

const option = (node: SqlNode, name: string): boolean =>
  [...nodesOf([node.fields.options, node.fields.params])].some(
    ({ type, fields }) => type === 'DefElem' && fields.defname === name,
  )

const reindexesTable = ({ type, fields }: SqlNode): boolean =>
  type === 'ReindexStmt' && fields.kind === 'REINDEX_OBJECT_TABLE'

const alteration = (node: SqlNode): Mode =>
  strongest(
    [...nodesOf(node.fields.cmds)]
      .filter(({ type }) => type === 'AlterTableCmd')
      .map(({ fields }) => {
        const foreign = [...nodesOf(fields.def)].some(({ fields: { contype } }) => contype === 'CONSTR_FOREIGN')
        return foreign ? 'SHARE ROW EXCLUSIVE' : (ALTERATIONS[String(fields.subtype)] ?? 'ACCESS EXCLUSIVE')
      }),
  )

/** The lock by the kind of statement; `null` for kinds that this does not know. */
const BY_TYPE: Readonly<Record<string, (node: SqlNode) => Mode>> = {
  SelectStmt: (node) =>
    [...nodesOf(node.fields)].some(({ type }) => type === 'LockingClause') ? 'ROW SHARE' : 'ACCESS SHARE',
  InsertStmt: () => 'ROW EXCLUSIVE',
  UpdateStmt: () => 'ROW EXCLUSIVE',
  DeleteStmt: () => 'ROW EXCLUSIVE',
  MergeStmt: () => 'ROW EXCLUSIVE',
  CopyStmt: ({ fields }) => (fields.is_from === true ? 'ROW EXCLUSIVE' : 'ACCESS SHARE'),
  LockStmt: ({ fields }) => MODES[Number(fields.mode)] ?? 'ACCESS EXCLUSIVE',
  TruncateStmt: () => 'ACCESS EXCLUSIVE',
  IndexStmt: ({ fields }) => (fields.concurrent === true ? 'SHARE UPDATE EXCLUSIVE' : 'SHARE'),
  ReindexStmt: (node) => {
    if (option(node, 'concurrently')) return 'SHARE UPDATE EXCLUSIVE'
    return reindexesTable(node) ? 'SHARE' : 'ACCESS EXCLUSIVE'
  },
  VacuumStmt: (node) => (option(node, 'full') ? 'ACCESS EXCLUSIVE' : 'SHARE UPDATE EXCLUSIVE'),
  DropStmt: ({ fields }) => (fields.concurrent === true ? 'SHARE UPDATE EXCLUSIVE' : 'ACCESS EXCLUSIVE'),
  AlterTableStmt: alteration,
  RenameStmt: ({ fields }) => (fields.renameType === 'OBJECT_INDEX' ? 'SHARE UPDATE EXCLUSIVE' : 'ACCESS EXCLUSIVE'),
  AlterObjectSchemaStmt: () => 'ACCESS EXCLUSIVE',
  CommentStmt: () => 'SHARE UPDATE EXCLUSIVE',
  CreateStatsStmt: () => 'SHARE UPDATE EXCLUSIVE',
  AlterStatsStmt: () => 'SHARE UPDATE EXCLUSIVE',
  CreateTrigStmt: () => 'SHARE ROW EXCLUSIVE',
  CreatePolicyStmt: () => 'ACCESS EXCLUSIVE',
  AlterPolicyStmt: () => 'ACCESS EXCLUSIVE',
  RuleStmt: () => 'ACCESS EXCLUSIVE',
  ClusterStmt: () => 'ACCESS EXCLUSIVE',
  RefreshMatViewStmt: ({ fields }) => (fields.concurrent === true ? 'EXCLUSIVE' : 'ACCESS EXCLUSIVE'),
  AlterSeqStmt: () => 'SHARE ROW EXCLUSIVE',
  GrantStmt: () => 'none',
  GrantRoleStmt: () => 'none',
  AlterOwnerStmt: () => 'none',
  VariableSetStmt: () => 'none',
  CreateSchemaStmt: () => 'none',
  CreateFunctionStmt: () => 'none',
  AlterFunctionStmt: () => 'none',
  AlterPublicationStmt: () => 'SHARE UPDATE EXCLUSIVE',
}

/** Every relation that the tree names as such: nodes with `relname`, below whatever key. */
function* rangesOf(value: unknown): Generator<string> {
  if (typeof value !== 'object' || value === null) return
  const { relname, schemaname } = value as Record<string, unknown>
  if (typeof relname === 'string') {
    yield typeof schemaname === 'string' ? writeTable({ schema: schemaname, name: relname }) : relname
  }
  for (const inner of Object.values(value)) yield* rangesOf(inner)
}

/** `public.t` of a qualified name; of `public.t.policy` too, whose last part is not the table's. */
const qualified = (node: SqlNode, parts: number): string[] =>
  [...nodesOf([node.fields.objects, node.fields.object])]
    .filter(({ type }) => type === 'List')
    .map(({ fields }) =>
      [...nodesOf(fields.items)]
        .flatMap(({ type, fields: { sval } }) => (type === 'String' ? [String(sval)] : []))
        .slice(0, parts)
        .join('.'),
    )

const OF_TABLE = ['OBJECT_POLICY', 'OBJECT_TRIGGER', 'OBJECT_RULE', 'OBJECT_TABCONSTRAINT', 'OBJECT_COLUMN']

const relationsOf = (node: SqlNode): string[] => {
  const { fields } = node
  if (node.type === 'DropStmt' || node.type === 'CommentStmt') {
    const kind = String(fields.removeType ?? fields.objtype)
    const names = OF_TABLE.includes(kind) ? qualified(node, 2) : qualified(node, 3)
    if (kind !== 'OBJECT_INDEX') return names
    return names.map((name) => (node.type === 'DropStmt' ? `the table of index ${name}` : `index ${name}`))
  }
  const common = [...nodesOf(fields.withClause)].flatMap(({ type, fields: at }) =>
    type === 'CommonTableExpr' ? [String(at.ctename)] : [],
  )
  return [...new Set(rangesOf(fields))].filter((name) => !common.includes(name))
}

/**
 * The table-level lock of a parsed statement: `ROW EXCLUSIVE on public.t`. What functions, triggers and cascading keys lock
 * besides is not known to the grammar.
 */
export const lockOf = (tree: unknown): string => {
  const node = topNode(tree)
  const mode = node && BY_TYPE[node.type]?.(node)
  if (!node || !mode) return 'not known for this kind of statement'
  if (mode === 'none') return 'none on a table'
  // A change that stands in a WITH locks as itself.
  const inner = [...nodesOf(node.fields.withClause)].flatMap((part) =>
    /^(Insert|Update|Delete|Merge)Stmt$/.test(part.type) ? (['ROW EXCLUSIVE'] as const) : [],
  )
  const relations = relationsOf(node)
  const lock = strongest([mode, ...inner])
  const indexes = reindexesTable(node) && lock === 'SHARE' ? ', ACCESS EXCLUSIVE on its indexes' : ''
  if (relations.length > 0) return `${lock} on ${relations.join(', ')}${indexes}`
  const calls = [...nodesOf(node.fields)].some(({ type }) => type === 'FuncCall')
  return calls ? 'none of its own; what its functions lock is not known' : 'none on a table'
}
