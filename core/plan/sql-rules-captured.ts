import { nodesOf, type SqlNode } from './sql-nodes.ts'
import type { Broken } from './sql-rules.ts'

const CHANGES = ['UpdateStmt', 'DeleteStmt', 'MergeStmt']

const isCaptured = ({ type, fields }: SqlNode): boolean =>
  type === 'RangeVar' && fields.schemaname === 'pg_temp' && fields.relname === 'captured'

const updatesOnConflict = (clause: unknown): boolean =>
  typeof clause === 'object' && clause !== null && Reflect.get(clause, 'action') === 'ONCONFLICT_UPDATE'

/** What a file may not do whose rows are captured before: change others. */
export const changesOthers = (statement: unknown): Broken[] =>
  [...nodesOf(statement)].flatMap(({ type, fields }): Broken[] => {
    if (CHANGES.includes(type) && ![...nodesOf(fields)].some(isCaptured))
      return [
        {
          message: 'This may change rows that were not captured.',
          fix: 'Change the rows of pg_temp.captured alone: where id in (select id from pg_temp.captured).',
        },
      ]
    if (type === 'InsertStmt' && updatesOnConflict(fields.onConflictClause))
      return [
        {
          message: 'ON CONFLICT DO UPDATE changes a row that was not captured.',
          fix: 'Update the rows of pg_temp.captured, then insert with on conflict do nothing.',
        },
      ]
    return []
  })

/** Why the SELECT of a capture does not have whole rows; `null` when it has. */
export const whyNotWhole = (statement: unknown): Broken | null =>
  [...nodesOf(statement)].some(({ type }) => type === 'A_Star')
    ? null
    : {
        message: 'This has no whole row: what it leaves out is in no evidence.',
        fix: 'Select the rows with all their columns: select t.* from public.table as t where …',
      }
