import { z } from 'zod'
import { changeCaptured } from '#core/capture/change.ts'
import { printCapture } from '#core/capture/record.ts'
import { RollbackError } from '#core/errors.ts'
import { keys } from '#core/incident/keys.ts'
import type { Run } from '#core/incident/run.ts'
import { mutating, reading } from '#core/incident/session.ts'
import { digestOf, readJson, writeJson } from '#core/json.ts'
import { type Milliseconds, printDuration } from '#core/plan/duration.ts'
import type { Plan } from '#core/plan/load.ts'
import { sqlOf } from '#core/plan/sql-of.ts'
import { SqlFile } from '#core/plan/vocabulary.ts'
import type { Clock, Objects, Session } from '#core/ports.ts'
import { whileContended } from '#core/sql/contended.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'
import { numberOf, select } from '#core/verify/run-check.ts'

/** The parsed form of a plan's `drain` step. */
const Input = z.strictObject({
  count: SqlFile,
  within: z.number().positive(),
  // biome-ignore lint/suspicious/noThenProperty: data of a plan, never awaited
  then: z.strictObject({ capture: SqlFile, cancel: SqlFile }).optional(),
})
type Input = z.infer<typeof Input>

/** Seconds between two looks: more of them the longer it takes. */
const SHORTEST = 5
const LONGEST = 30

const Open = z.record(z.string(), z.number())
type Open = z.infer<typeof Open>

/** `incidents/<id>/drains/<digest>.json`: when this step looked first, and what was open. Written once. */
const Begun = z.strictObject({ at: z.string(), open: Open })
type Begun = z.infer<typeof Begun>

const total = (open: Open): number => Object.values(open).reduce((sum, each) => sum + each, 0)
const printOpen = (open: Open): string =>
  Object.entries(open)
    .map(([name, number]) => `${name} ${number}`)
    .join(', ')

const countOpen = async (session: Session, plan: Plan, file: string): Promise<Open> => {
  const { rows } = await select(session, null, sqlOf(plan, file))
  const numbers = Object.entries(rows[0] ?? {}).map(([name, value]) => [name, numberOf(value)] as const)
  const open = Open.safeParse(Object.fromEntries(numbers))
  if (rows.length === 1 && open.success && Object.values(open.data).every((each) => each >= 0)) return open.data
  throw new RollbackError('Drain.NotCounted', `"${file}" did not give one row of numbers that are 0 or more.`, {
    fix: 'Write a SELECT of counts: select count(*) as pending from …',
    category: 'usage',
  })
}

/** The first look of this step: what is waited for counts from it, also when a function is killed. */
const begin = async (
  run: Run,
  input: Input,
  open: Open,
  { objects, clock }: { readonly objects: Objects; readonly clock: Clock },
): Promise<Begun> => {
  const key = `${keys.drains(run.incident)}${digestOf([run.path, run.scenario ?? null, input]).slice(0, 16)}.json`
  const begun: Begun = { at: clock.now().toISOString(), open }
  const found = await readJson(objects, key)
  if (found) return Begun.parse(found.value)
  if (await writeJson(objects, key, begun, { ifAbsent: true })) return begun
  return Begun.parse((await readJson(objects, key))?.value)
}

const notEmpty = (what: string, fix: string): RollbackError =>
  new RollbackError('Drain.NotEmpty', what, { fix, category: 'refused' })

export const drain = defineStep({
  kind: 'drain',
  purpose: 'Waits until nothing is open any more, and cancels what is left after its time, captured before.',
  event: inRun(Input),
  needs: ['database', 'objects', 'plans', 'clock', 'signal'],
  run: async ({ run, input }, ports) => {
    const plan = await ports.plans.load(run.plan)
    const open = await reading(run, plan, 'drain', ports, (session) => countOpen(session, plan, input.count))
    const begun = await begin(run, input, open, ports)
    const since = ports.clock.now().getTime() - Date.parse(begun.at)
    const left = input.within - since
    const first = `${printOpen(begun.open)} at first`
    if (total(open) === 0)
      return { changed: false, detail: `empty after ${Math.round(since / 1000)}s: ${first}`, waitSeconds: 0 }
    if (left > 0) {
      const seconds = Math.min(Math.max(SHORTEST, Math.round(since / 4000)), LONGEST, Math.ceil(left / 1000))
      const detail = `open: ${printOpen(open)}; ${first}; ${Math.ceil(left / 1000)}s left`
      return { changed: false, detail, waitSeconds: seconds }
    }
    const late = `${printOpen(open)} still open after ${printDuration(input.within as Milliseconds)}, ${first}`
    const { then: rest } = input
    if (rest === undefined) throw notEmpty(`${late}.`, 'See who keeps them open, then retry or choose another path.')
    const cancel = sqlOf(plan, rest.cancel)
    const [capture, after] = await mutating(run, plan, 'drain', ports, async (session) => {
      const change = () => changeCaptured(session, plan, run, rest, () => session.script(cancel), ports)
      return [await whileContended(change, ports), await countOpen(session, plan, input.count)] as const
    })
    const cancelled = `${rest.cancel} cancelled ${capture ? printCapture(capture) : 'no row'}`
    if (total(after) > 0)
      throw notEmpty(
        `${late}. ${cancelled}; ${printOpen(after)} are open again.`,
        'Somebody still adds to it or works on it: stop them, then retry.',
      )
    return { changed: capture !== null, detail: `${late}; ${cancelled}`, waitSeconds: 0 }
  },
})
