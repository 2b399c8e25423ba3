import { isRollbackError, messageOf } from '#core/errors.ts'
import { requireMayChange } from '#core/incident/may-change.ts'
import type { Run } from '#core/incident/run.ts'
import { digestOf } from '#core/json.ts'
import type { HttpCheck } from '#core/plan/checks.ts'
import type { Cleaning } from '#core/plan/checks-http.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Clock, Objects, ServiceAnswer, Services } from '#core/ports.ts'
import { judgeAnswer } from '#core/verify/http-answer.ts'
import { jsonAt } from '#core/verify/json-at.ts'
import type { Verdict } from '#core/verify/run-check.ts'
import { type Filling, type Place, serviceCall } from '#core/verify/service-request.ts'
import { type Left, readLeft, tagOf, writeLeft } from '#core/verify/test-data.ts'

export interface HttpPorts extends Place {
  readonly services: Services
  readonly objects: Objects
  readonly clock: Clock
  readonly signal: AbortSignal
}

interface Asked {
  readonly run: Run
  readonly plan: Plan
  readonly name: string
  readonly check: HttpCheck
}

/** How long an answer took; `null` where there was none. Milliseconds. */
export type Timed = Verdict & { readonly milliseconds: number | null }

const ORDER = ['pass', 'unknown', 'fail'] as const

const call = ({ run, plan, check }: Asked, values: Filling, extra: Record<string, string>, ports: HttpPorts) =>
  ports.services.call(
    serviceCall(plan, check.service, check, {
      place: ports,
      incident: run.incident,
      values,
      timeout: check.expect.within,
      extra,
    }),
    ports.signal,
  )

/** Connected, and no whole answer in time: too slow. Everything else that has no answer is not known. */
const withoutAnswer = (error: unknown): Verdict => ({
  status: isRollbackError(error) && error.name === 'Service.Slow' ? 'fail' : 'unknown',
  detail: messageOf(error),
})

const ask = async (asked: Asked, values: Filling, extra: Record<string, string>, ports: HttpPorts) => {
  try {
    const answer = await call(asked, values, extra, ports)
    return { verdict: judgeAnswer(asked.check.expect, answer), answer, error: null }
  } catch (error) {
    return { verdict: withoutAnswer(error), answer: null, error }
  }
}

/** An id that a path may carry: nothing that would make it another path. */
const ID = /^(?!\.+$)[\w.:@=+-]{1,200}$/

const createdId = (answer: ServiceAnswer | null, { created }: Cleaning): string | null => {
  if (answer === null || created === null || answer.status >= 300) return null
  try {
    const id = jsonAt(JSON.parse(answer.body), created)
    return (typeof id === 'string' || typeof id === 'number') && ID.test(String(id)) ? String(id) : null
  } catch {
    return null
  }
}

/** Nothing was sent, or it was refused: nothing can have come of it. */
const createdNothing = (answer: ServiceAnswer | null, error: unknown): boolean =>
  answer === null
    ? isRollbackError(error) && ['Service.Unreachable', 'Service.Refused', 'Secret.Unreadable'].includes(error.name)
    : answer.status >= 400 && answer.status < 500

const remove = async (asked: Asked, cleaning: Cleaning, left: Left, ports: HttpPorts): Promise<Verdict> => {
  const tag = tagOf(asked.run.incident, asked.name)
  if (cleaning.created !== null && left.created === null)
    return { status: 'unknown', detail: `it may have left something behind: look for "${tag}"` }
  const values = { tag, ...(left.created === null ? {} : { created: left.created }) }
  const request = serviceCall(asked.plan, asked.check.service, cleaning, {
    place: ports,
    incident: asked.run.incident,
    values,
    timeout: asked.check.expect.within,
  })
  try {
    const { status } = await ports.services.call(request, ports.signal)
    if (cleaning.status.includes(status)) return { status: 'pass', detail: 'removed' }
    return {
      status: 'fail',
      detail: `what it created is still there, removing it gave status ${status}: look for "${tag}"`,
    }
  } catch (error) {
    return { status: 'unknown', detail: `what it created may still be there: look for "${tag}". ${messageOf(error)}` }
  }
}

/** Tries to remove each; resolves to what is still there, and what there is to say of it. */
const removeAll = async (asked: Asked, cleaning: Cleaning, left: readonly Left[], ports: HttpPorts) => {
  const still: Left[] = []
  const verdicts: Verdict[] = []
  for (const each of left) {
    const verdict = await remove(asked, cleaning, each, ports)
    if (verdict.status !== 'pass') still.push(each)
    verdicts.push(verdict)
  }
  return { still, verdicts }
}

const worst = (verdicts: readonly Verdict[]): Verdict['status'] =>
  ORDER[Math.max(0, ...verdicts.map(({ status }) => ORDER.indexOf(status)))] ?? 'unknown'

/**
 * A request that creates is written down before it is sent, and struck out when what it created is gone: a function that is
 * killed between the two leaves a note, and the next try removes it.
 */
const askAndRemove = async (asked: Asked, cleaning: Cleaning, ports: HttpPorts): Promise<Timed> => {
  const { run, name } = asked
  const { objects } = ports
  const tag = tagOf(run.incident, name)
  const earlier = await removeAll(asked, cleaning, await readLeft(objects, run.incident, name), ports)
  const at = ports.clock.now().toISOString()
  await requireMayChange(run, objects)
  await writeLeft(objects, run.incident, name, [...earlier.still, { at, created: null }])
  const key = { 'idempotency-key': digestOf([tag, at]) }
  const { verdict, answer, error } = await ask(asked, { tag }, key, ports)
  const created = createdId(answer, cleaning)
  if (created !== null) await writeLeft(objects, run.incident, name, [...earlier.still, { at, created }])
  const now = createdNothing(answer, error)
    ? { still: [], verdicts: [] }
    : await removeAll(asked, cleaning, [{ at, created }], ports)
  await writeLeft(objects, run.incident, name, [...earlier.still, ...now.still])
  const notes = [...earlier.verdicts, ...now.verdicts].filter(({ status }) => status !== 'pass')
  return {
    // What an earlier try has left says nothing about this one, and stays in sight.
    status: worst([verdict, ...now.verdicts]),
    detail: [verdict, ...notes].map(({ detail }) => detail).join('; '),
    milliseconds: answer?.milliseconds ?? null,
  }
}

/** One HTTP check of a plan. Never throws: what cannot be asked is unknown. */
export const runHttpCheck = async (
  run: Run,
  plan: Plan,
  name: string,
  check: HttpCheck,
  ports: HttpPorts,
): Promise<Timed> => {
  const asked = { run, plan, name, check }
  try {
    if (check.cleanup !== null) return await askAndRemove(asked, check.cleanup, ports)
    const { verdict, answer } = await ask(asked, { tag: tagOf(run.incident, name) }, {}, ports)
    return { ...verdict, milliseconds: answer?.milliseconds ?? null }
  } catch (error) {
    return { status: 'unknown', detail: messageOf(error), milliseconds: null }
  }
}
