import { type Baseline, readBaseline, recordCommand } from '#core/baseline/document.ts'
import { measureMetrics } from '#core/baseline/measure-metrics.ts'
import { spreadOf } from '#core/baseline/spread.ts'
import { messageOf } from '#core/errors.ts'
import type { Run } from '#core/incident/run.ts'
import type { BaselineCheck } from '#core/plan/checks.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Objects, Session } from '#core/ports.ts'
import { type HttpPorts, runHttpCheck } from '#core/verify/http-check.ts'
import type { MetricPorts } from '#core/verify/metric-check.ts'
import { numberOf, select, type Verdict } from '#core/verify/run-check.ts'

/** Measurements of a time, of which the median counts. */
const SAMPLES = 3
/** How far back a metric is looked at. Milliseconds. */
const WINDOW_MS = 5 * 60_000

/** The name of an HTTP check among the times of a baseline; those of SQL go by their file. */
export const httpTiming = (check: string): string => `http ${check}`

/** The name of a statement among the times of a baseline. */
export const sqlTiming = ({ file, as }: { readonly file: string; readonly as: string | null }): string =>
  as === null ? file : `${file} as ${as}`

/** A number, or why there is none. */
type Measured = number | string

const recorded = (plan: Plan, { subject }: BaselineCheck, { signals, timings }: Baseline): number | undefined => {
  if (subject.kind === 'signal') return signals[subject.signal]?.p50
  const check = plan.checks[subject.check]
  return check?.kind === 'sql' ? timings[sqlTiming(check)]?.p50 : timings[httpTiming(subject.check)]?.p50
}

const judge = ({ expect, name }: BaselineCheck, then: number, now: number): Verdict => {
  const { atMostPercent, atLeastPercent } = expect
  const wrong = [
    ...(atMostPercent !== null && now > (then * atMostPercent) / 100 ? [`at most ${atMostPercent}%`] : []),
    ...(atLeastPercent !== null && now < (then * atLeastPercent) / 100 ? [`at least ${atLeastPercent}%`] : []),
  ]
  const seen = `${Number(now.toPrecision(4))}, ${Number(then.toPrecision(4))} in baseline "${name}"`
  return wrong.length === 0
    ? { status: 'pass', detail: seen }
    : { status: 'fail', detail: `${seen}: not ${wrong.join(' and ')} of it` }
}

const compare = async (
  plan: Plan,
  check: BaselineCheck,
  objects: Objects,
  measure: () => Promise<Measured>,
): Promise<Verdict> => {
  try {
    const baseline = await readBaseline(objects, plan.name, check.name)
    const then = baseline === null ? undefined : recorded(plan, check, baseline)
    if (then === undefined) {
      const command = recordCommand(plan.name, check.name)
      return { status: 'unknown', detail: `baseline "${check.name}" does not have it: ${command}, while all is well` }
    }
    const now = await measure()
    return typeof now === 'string' ? { status: 'unknown', detail: now } : judge(check, then, now)
  } catch (error) {
    return { status: 'unknown', detail: messageOf(error) }
  }
}

const measureInside = async (session: Session, plan: Plan, { subject }: BaselineCheck): Promise<Measured> => {
  const asked = subject.kind === 'signal' ? plan.signals[subject.signal]?.source : plan.checks[subject.check]
  if (asked?.kind !== 'probe' && asked?.kind !== 'sql') return 'it is measured by no SQL'
  const text = plan.sql[asked.file]
  if (text === undefined) return `The plan has no file "${asked.file}".`
  if (asked.kind === 'probe') {
    const values = (await select(session, asked.as, text)).rows.flatMap((row) => Object.values(row))
    return (values.length === 1 ? numberOf(values[0]) : null) ?? `${asked.file} does not give one number`
  }
  const times: number[] = []
  // The first one warms caches, as when the baseline was recorded.
  for (let i = 0; i <= SAMPLES; i++) {
    const started = performance.now()
    await select(session, asked.as, text)
    if (i > 0) times.push(performance.now() - started)
  }
  return spreadOf(times)?.p50 ?? 'it was not measured'
}

/** A baseline check of what SQL measures. */
export const runBaselineInside = (
  session: Session,
  plan: Plan,
  check: BaselineCheck,
  objects: Objects,
): Promise<Verdict> => compare(plan, check, objects, () => measureInside(session, plan, check))

/** The median time of an HTTP check; one request alone where it creates something. Throws nothing. */
export const timeHttpCheck = async (run: Run, plan: Plan, name: string, ports: HttpPorts): Promise<Measured> => {
  const check = plan.checks[name]
  if (check?.kind !== 'http') return `"${name}" is no HTTP check`
  const times: number[] = []
  for (let i = 0; i < (check.cleanup === null ? SAMPLES : 1); i++) {
    const { status, detail, milliseconds } = await runHttpCheck(run, plan, name, check, ports)
    if (status !== 'pass' || milliseconds === null) return `${name} does not pass: ${detail}`
    times.push(milliseconds)
  }
  return spreadOf(times)?.p50 ?? 'it was not measured'
}

const measureOutside = async (
  run: Run,
  plan: Plan,
  { subject }: BaselineCheck,
  ports: HttpPorts & MetricPorts,
): Promise<Measured> => {
  if (subject.kind === 'check') return timeHttpCheck(run, plan, subject.check, ports)
  const signal = plan.signals[subject.signal]
  if (signal === undefined) return `The plan has no signal "${subject.signal}".`
  const now = ports.clock.now()
  const window = { from: new Date(now.getTime() - Math.max(WINDOW_MS, signal.for)), to: now }
  const { signals, unmeasured } = await measureMetrics({ ...plan, signals: { [subject.signal]: signal } }, window, {
    ...ports,
    now,
  })
  return signals[subject.signal]?.p50 ?? unmeasured[subject.signal] ?? 'it was not measured'
}

/** A baseline check of what CloudWatch or a request measures. */
export const runBaselineOutside = (
  run: Run,
  plan: Plan,
  check: BaselineCheck,
  ports: HttpPorts & MetricPorts,
): Promise<Verdict> => compare(plan, check, ports.objects, () => measureOutside(run, plan, check, ports))
