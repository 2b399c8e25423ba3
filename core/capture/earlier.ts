import { sha256 } from '#core/capture/keep.ts'
import { readCaptures } from '#core/capture/record.ts'
import { insertEarlier, shapeOfEarlier } from '#core/capture/statements.ts'
import { RollbackError } from '#core/errors.ts'
import type { Run } from '#core/incident/run.ts'
import type { Plan } from '#core/plan/load.ts'
import { sqlOf } from '#core/plan/sql-of.ts'
import type { Objects, Session } from '#core/ports.ts'

const damaged = (key: string): RollbackError =>
  new RollbackError('Capture.Damaged', `"${key}" is not what was captured.`, {
    fix: 'Somebody has changed it: restore its first version in the bucket, then retry.',
    category: 'refused',
  })

/**
 * Puts the rows that an earlier step of this run captured by `file` into `pg_temp.earlier`, each with the types that it had.
 * Inside a transaction. Throws `Capture.Missing`, `Capture.Damaged`.
 */
export const loadEarlier = async (
  session: Session,
  plan: Plan,
  run: Run,
  file: string,
  objects: Objects,
): Promise<void> => {
  const captures = await readCaptures(objects, run.incident, file)
  if (captures.length === 0)
    throw new RollbackError('Capture.Missing', `No step of this run has captured rows by "${file}".`, {
      fix: 'Capture them in a step before this one.',
      category: 'refused',
    })
  for (const statement of shapeOfEarlier(sqlOf(plan, file))) await session.query(statement)
  for (const { key, sha256: expected } of captures.flatMap(({ parts }) => parts)) {
    const found = await objects.read(key)
    if (!found || sha256(found.body) !== expected) throw damaged(key)
    const lines = Buffer.from(found.body).toString('utf8').trimEnd().split('\n')
    await session.query(insertEarlier(`[${lines.join(',')}]`))
  }
}
