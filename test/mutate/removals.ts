import { isMap, isSeq, parseDocument } from 'yaml'
import { type PlacedStep, placedSteps } from '#core/plan/every-step.ts'
import type { PlanFile } from '#core/plan/schema.ts'
import { checksAfter } from '#core/verify/verification.ts'

/** A plan as it would be without one of its steps. */
export interface Removal {
  /** `paths.full.steps[1] scale`: where the step stands, and its kind. */
  readonly place: string
  /** plan.yaml without it; every other line as it was, since tests edit some of them by their text. */
  readonly text: string
  /** Nothing would be other than it is: it verifies at the end of a path what is asked right after the path anyway. */
  readonly repeated: boolean
}

type Plan = Pick<PlanFile, 'paths' | 'checks'>

const isRepeated = (plan: Plan, steps: readonly PlacedStep[], { step, path }: PlacedStep): boolean => {
  const [, route, part, scenario] = path
  if (step.kind !== 'verify' || route !== 'partial') return false
  const list = (of: PlacedStep) => JSON.stringify(of.path.slice(0, -2))
  const later = steps.filter(
    (one) => list(one) === list({ step, path }) && Number(one.path.at(-2)) > Number(path.at(-2)),
  )
  const asked = checksAfter(plan, 'partial', part === 'scenarios' ? String(scenario) : undefined)
  return later.length === 0 && step.input.checks.every((name) => asked.includes(name))
}

const printPlace = (path: readonly PropertyKey[]): string => {
  const [kind, index, ...list] = [...path].reverse()
  return `${list.reverse().join('.')}[${String(index)}] ${String(kind)}`
}

/** The lines of an item of a block list, `- ` included; throws for a list that is written on one line. */
const linesOf = (text: string, path: readonly PropertyKey[]): { from: number; to: number; alone: boolean } => {
  const document = parseDocument(text)
  const list = document.getIn(path.slice(0, -1))
  const item = document.getIn(path)
  if (!isSeq(list) || list.flow || !isMap(item) || !item.range)
    throw new Error(`"${path.join('.')}" is not an item of a block list.`)
  const [start, end] = item.range
  const last = text.slice(start, end).trimEnd().length + start
  const newline = text.indexOf('\n', last)
  return {
    from: text.lastIndexOf('\n', start) + 1,
    to: newline === -1 ? text.length : newline + 1,
    alone: list.items.length === 1,
  }
}

/**
 * The plan without each of its steps in turn. A list of steps may not be empty: in place of the only one stands a check that
 * every path has anyway, of a flag. One that is such a check itself cannot be left out.
 */
export const removalsOf = (plan: Plan, text: string): Removal[] => {
  const [flagCheck] = Object.entries(plan.checks).flatMap(([name, { kind }]) => (kind === 'flag' ? [name] : []))
  const steps = placedSteps(plan)
  return steps.flatMap((placed): Removal[] => {
    const { step, path } = placed
    const { from, to, alone } = linesOf(text, path.slice(0, -1))
    if (alone && (flagCheck === undefined || step.kind === 'verify')) return []
    const indent = /^ */.exec(text.slice(from, to))?.[0] ?? ''
    const stead = alone ? `${indent}- verify: { checks: [${flagCheck}] }\n` : ''
    const rest = text.slice(0, from) + stead + text.slice(to)
    return [{ place: printPlace(path), text: rest, repeated: isRepeated(plan, steps, placed) }]
  })
}
