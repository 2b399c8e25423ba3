import { captureTables } from '#core/ddl/capture.ts'
import type { TableDefinition } from '#core/ddl/definition.ts'
import { expandTrees } from '#core/ddl/trees.ts'
import { RollbackError } from '#core/errors.ts'
import { canonicalJson } from '#core/json.ts'
import { printTable } from '#core/names.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Database } from '#core/ports.ts'

/** The tables that a full rollback takes away, as the catalogue has them. Their rows are compared by the restore itself. */
export const definitionsOf = (database: Database, plan: Plan): Promise<TableDefinition[]> =>
  database.session({ applicationName: 'vector-rollback:drill' }, async (session) =>
    captureTables(session, await expandTrees(session, plan.paths.full?.retire ?? plan.protects.tables)),
  )

/**
 * A restored table has another oid, and its sequences stand where the application has brought them meanwhile: checks that
 * create test data take numbers. Nothing else may differ.
 */
const comparable = ({ oid: _, sequences, ...definition }: TableDefinition): string =>
  canonicalJson({ ...definition, sequences: sequences.map(({ lastValue: __, isCalled: ___, ...rest }) => rest) })

/** The sequences that stand behind where they stood: they would give numbers again that rows have. */
const behind = (was: TableDefinition, is: TableDefinition | undefined): string[] =>
  was.sequences.flatMap((before) => {
    const after = is?.sequences.find(({ column }) => column === before.column)
    if (!after) return []
    const moved = (BigInt(after.lastValue) - BigInt(before.lastValue)) * BigInt(before.increment)
    return moved < 0n || (moved === 0n && before.isCalled && !after.isCalled)
      ? [`"${printTable(before.sequence)}" stands at ${after.lastValue}, not at ${before.lastValue}`]
      : []
  })

const FIX = 'This is a defect of the restore: keep the report and do not rely on the full path until it is mended.'

/** Throws `Drill.NotIdentical` naming the table and where its definition differs from the one before the drill. */
export const requireIdentical = (before: readonly TableDefinition[], after: readonly TableDefinition[]): void => {
  for (const was of before) {
    const is = after.find(({ table }) => printTable(table) === printTable(was.table))
    const [late] = behind(was, is)
    if (late !== undefined)
      throw new RollbackError('Drill.NotIdentical', `The sequence ${late} as before the drill.`, { fix: FIX })
    const [a, b] = [comparable(was), is ? comparable(is) : 'nothing']
    if (a === b) continue
    const at = [...a].findIndex((letter, index) => letter !== b[index])
    throw new RollbackError(
      'Drill.NotIdentical',
      `"${printTable(was.table)}" is not what it was before the drill: "${a.slice(at - 60, at + 60)}" became "${b.slice(at - 60, at + 60)}".`,
      { fix: FIX },
    )
  }
}
