import { nodesOf, type SqlNode } from './sql-nodes.ts'

/** What is wrong with a statement. */
export interface Broken {
  readonly message: string
  readonly fix: string
}

interface Rule extends Broken {
  readonly breaks: (node: SqlNode) => boolean
}

const is = (type: string) => (node: SqlNode) => node.type === type
const without = (type: string, field: string) => (node: SqlNode) =>
  node.type === type && node.fields[field] === undefined
const definition = (name: string) => (value: unknown) =>
  [...nodesOf(value)].some(({ type, fields }) => type === 'DefElem' && fields.defname === name)

/** Relations whose rows are gone with them. */
const DESTROYED = [
  'OBJECT_TABLE',
  'OBJECT_SCHEMA',
  'OBJECT_EXTENSION',
  'OBJECT_MATVIEW',
  'OBJECT_FOREIGN_TABLE',
  'OBJECT_COLUMN',
]

const destroys = ({ type, fields }: SqlNode): boolean =>
  type === 'TruncateStmt' ||
  type === 'DropOwnedStmt' ||
  type === 'DropdbStmt' ||
  (type === 'DropStmt' && DESTROYED.includes(String(fields.removeType))) ||
  (type === 'AlterTableCmd' && fields.subtype === 'AT_DropColumn')

const RULES: readonly Rule[] = [
  {
    breaks: is('TransactionStmt'),
    message: 'BEGIN, COMMIT and ROLLBACK are not for a step: what went before would stay when the step fails.',
    fix: 'Remove it: the file runs in one transaction of its own.',
  },
  {
    breaks: ({ type, fields }) => type === 'CopyStmt' && fields.is_program === true,
    message: 'COPY … PROGRAM runs a command on the database server.',
    fix: 'Remove it; RDS refuses it too.',
  },
  {
    breaks: ({ type, fields }) => type === 'CopyStmt' && fields.is_program !== true,
    message: 'COPY reads or writes a file of the server, or a client that is not there.',
    fix: 'Remove it: rows go to S3 as a snapshot of the full path.',
  },
  {
    breaks: without('UpdateStmt', 'whereClause'),
    message: 'UPDATE without WHERE changes every row.',
    fix: 'Add WHERE; "where true" if every row is meant.',
  },
  {
    breaks: without('DeleteStmt', 'whereClause'),
    message: 'DELETE without WHERE destroys every row.',
    fix: 'Add WHERE, or retire the table.',
  },
  {
    breaks: ({ fields }) => fields.behavior === 'DROP_CASCADE',
    message: 'CASCADE takes along whatever depends on it, in this database today.',
    fix: 'Name what goes, one by one, without CASCADE.',
  },
  {
    breaks: destroys,
    message: 'This destroys rows without a snapshot and without approval.',
    fix: 'Retire the table in paths.full: only a purge destroys.',
  },
]

/** What a step's statement must not do, wherever in it. `DO` is judged apart, since a comment allows it. */
export const brokenRules = (statement: unknown): Broken[] => {
  const nodes = [...nodesOf(statement)]
  return RULES.filter(({ breaks }) => nodes.some(breaks)).map(({ message, fix }) => ({ message, fix }))
}

/** Whether PostgreSQL refuses the statement inside a transaction block. */
export const needsNoTransaction = (statement: unknown): boolean =>
  [...nodesOf(statement)].some(({ type, fields }) => {
    if (type === 'VacuumStmt') return fields.is_vacuumcmd === true
    if (type === 'ReindexStmt') return definition('concurrently')(fields.params)
    return (type === 'IndexStmt' || type === 'DropStmt' || type === 'PartitionCmd') && fields.concurrent === true
  })

const CHANGES = ['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt']

/** Why a statement is not a plain SELECT that leaves everything as it is; `null` when it is one. */
export const whyNoSelect = (statement: unknown): Broken | null => {
  const nodes = [...nodesOf(statement)]
  const fix = 'Write one SELECT that only reads.'
  if (nodes[0]?.type !== 'SelectStmt') return { message: 'This is not a SELECT.', fix }
  if (nodes.some(({ type }) => CHANGES.includes(type))) return { message: 'This SELECT changes rows.', fix }
  if (nodes.some(({ fields }) => fields.intoClause !== undefined)) return { message: 'SELECT INTO makes a table.', fix }
  if (nodes.some(({ type }) => type === 'LockingClause')) return { message: 'This SELECT locks rows.', fix }
  return null
}
