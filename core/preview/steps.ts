import { findIndex, findLeftovers } from '#core/indexes/drop.ts'
import { printTable, type Table } from '#core/names.ts'
import type { Plan } from '#core/plan/load.ts'
import { type Route, stepsOf } from '#core/plan/work-of.ts'
import type { Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'
import type { PreviewLine, PreviewStage, Refusal } from './model.ts'
import { dropIndexLine, stepStages } from './of-plan.ts'
import { orRefusal } from './refusals.ts'

const ownerOf = ({ schema, name }: Table) => sql`
  select pg_catalog.pg_get_userbyid(c.relowner) as owner, pg_catalog.pg_has_role(c.relowner, 'USAGE') as own,
    current_user::text as role
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where n.nspname = ${schema} and c.relname = ${name}`

const notOwned = async (session: Session, index: Table): Promise<Refusal[]> => {
  const { rows } = await session.query<{ owner: string; own: boolean; role: string }>(ownerOf(index))
  const [found] = rows
  if (!found || found.own) return []
  return [
    {
      name: 'Postgres.InsufficientPrivilege',
      message: `The role "${found.role}" may not drop index "${printTable(index)}": it belongs to "${found.owner}".`,
      fix: `Run as the master user: ${sql`grant ${sql.id(found.owner)} to ${sql.id(found.role)}`.text};`,
    },
  ]
}

interface Looked {
  readonly lines: PreviewLine[]
  readonly refusals: Refusal[]
}

const lookAtIndex = async (session: Session, plan: Plan, index: Table): Promise<Looked> => {
  const answer = await orRefusal(() => findIndex(session, index, plan.protects.tables))
  if ('refusal' in answer) return { lines: [dropIndexLine(index, 'its table')], refusals: [answer.refusal] }
  const leftovers = await findLeftovers(session, index)
  const on = answer.value ? printTable(answer.value.table) : 'its table'
  const own = answer.value
    ? dropIndexLine(index, on, answer.value.definition.valid ? undefined : 'it is invalid: the drop is finished')
    : dropIndexLine(index, on, 'it is absent: nothing to do')
  return {
    lines: [own, ...leftovers.map((left) => dropIndexLine(left, on, 'left by an interrupted reindex'))],
    refusals: answer.value ? await notOwned(session, index) : [],
  }
}

/** The stages of a path's own steps, with what the database has of the indexes that they drop. */
export const stepsOnDatabase = async (
  session: Session,
  plan: Plan,
  route: Route,
): Promise<{ stages: PreviewStage[]; refusals: Refusal[] }> => {
  const stages: PreviewStage[] = []
  const refusals: Refusal[] = []
  const steps = stepsOf(plan, route)
  for (const [i, stage] of (await stepStages(plan, route)).entries()) {
    const step = steps[i]
    if (step?.kind !== 'drop-indexes') {
      stages.push(stage)
      continue
    }
    const looked: Looked[] = []
    for (const index of step.input.indexes) looked.push(await lookAtIndex(session, plan, index))
    stages.push({ title: stage.title, lines: looked.flatMap(({ lines }) => lines) })
    refusals.push(...looked.flatMap((one) => one.refusals))
  }
  return { stages, refusals }
}
