import { RollbackError } from '#core/errors.ts'
import { requireMayChange } from '#core/incident/may-change.ts'
import type { Run } from '#core/incident/run.ts'
import { digestOf } from '#core/json.ts'
import type { FlagPath } from '#core/names.ts'
import { type Plan, resolveFlag, resolveRamp } from '#core/plan/load.ts'
import type { Clock, Flags, Objects } from '#core/ports.ts'
import { scheduleOf } from '#core/re-enable/gate.ts'
import { interference, joinedSince } from '#core/re-enable/interference.ts'
import { type ReEnabling, readReEnabling, writeReEnabling } from '#core/re-enable/record.ts'
import type { ReEnableSubject } from '#core/re-enable/subject.ts'

interface AdvancePorts {
  readonly flags: Flags
  readonly objects: Objects
  readonly clock: Clock
  readonly environment: string
}

interface Wanted {
  readonly subject: ReEnableSubject
  /** The percentage that the state machine has seen hold; 0 at first. */
  readonly after: number
  readonly by: readonly string[]
}

const outOfStep = (after: number, record: ReEnabling | null) =>
  new RollbackError(
    'ReEnable.OutOfStep',
    `The step after ${after}% was asked for, and the record says ${record ? `${record.percent}%` : 'nothing'}.`,
    { fix: 'No step of a ramp is left out: contain and start the restore again.', category: 'refused' },
  )

const interrupted = (detail: string) =>
  new RollbackError('ReEnable.Interrupted', detail, {
    fix: 'Find out who contained, and why, before the feature is enabled again.',
    category: 'refused',
  })

/** The version that each flag will have when it is this call that has set it on; one more than now. */
const expected = (plan: Plan, { flags, environment }: AdvancePorts): Promise<ReEnabling['flags']> =>
  Promise.all(
    Object.entries(plan.flags).map(async ([name, { on }]) => {
      const parameter = resolveFlag(plan, name, environment)
      const before = await flags.read(parameter)
      const version = before?.value === on ? before.version : (before?.version ?? 0) + 1
      return { name, parameter, on, version }
    }),
  )

const writeRamps = async (plan: Plan, percent: number, { flags, environment }: AdvancePorts): Promise<boolean> => {
  let changed = false
  for (const name of Object.keys(plan.flags)) {
    const parameter = resolveRamp(plan, name, environment)
    if (parameter === null || (await flags.read(parameter))?.value === String(percent)) continue
    await flags.write(parameter, String(percent))
    changed = true
  }
  return changed
}

/**
 * Sets a flag on that is in the version before; in any other version it is somebody else's. A parameter has no compare-and-set:
 * lease and kill switch are read right before the write and once more after it, and an `on` that came too late is taken back.
 */
const writeFlags = async (
  run: Run,
  plan: Plan,
  record: ReEnabling,
  { flags, objects }: Pick<AdvancePorts, 'flags' | 'objects'>,
): Promise<string[]> => {
  const set: string[] = []
  for (const { name, parameter, on, version } of record.flags) {
    const path = parameter as FlagPath
    const safe = plan.flags[name]?.safe
    if (safe === undefined) throw interrupted(`The plan has no flag "${name}" any more.`)
    const now = await flags.read(path)
    if (now?.value === on && now.version === version) continue
    if ((now?.version ?? 0) !== version - 1)
      throw interrupted(
        `Flag "${name}" is in version ${now?.version ?? 0}, not ${version - 1}: somebody else has set it.`,
      )
    await requireMayChange(run, objects)
    const written = await flags.write(path, on)
    if (written.version !== version)
      throw interrupted(
        `Flag "${name}" was set in version ${written.version}, not ${version}: somebody else set it, too.`,
      )
    await requireMayChange(run, objects).catch(async (error: unknown) => {
      await flags.write(path, safe)
      throw error
    })
    set.push(`${name} set to "${on}"`)
  }
  return set
}

/** The record of this step: begun by this call, or by an earlier one that was killed. */
const recordOfStep = async (run: Run, plan: Plan, percent: number, wanted: Wanted, ports: AdvancePorts) => {
  const digest = digestOf(wanted.subject)
  const found = await readReEnabling(ports.objects, run.incident)
  const record = found?.record.digest === digest ? found.record : null
  if (record?.percent === percent) return record
  if (record ? record.percent !== wanted.after : wanted.after !== 0) throw outOfStep(wanted.after, record)
  const { askedAt, gates, unmet } = wanted.subject
  const next: ReEnabling = {
    digest,
    askedAt,
    attested: { gates, unmet, by: [...wanted.by] },
    flags: record?.flags ?? (await expected(plan, ports)),
    percent,
    at: ports.clock.now().toISOString(),
  }
  await writeReEnabling(ports.objects, run.incident, next, found)
  return next
}

/**
 * Takes one step: the record, then the percentage, then, on the first step, the flags; then looks whether anybody has asked
 * for containment meanwhile. Called again with the same `after` it ends the same. Nothing is switched back here: what is
 * thrown makes the state machine contain. Throws `ReEnable.Interrupted`, `ReEnable.Unknown`, `ReEnable.OutOfStep`, `ReEnable.Contended`.
 */
export const advance = async (
  run: Run,
  plan: Plan,
  wanted: Wanted,
  ports: AdvancePorts,
): Promise<{ percent: number; changed: boolean; set: readonly string[] }> => {
  const percent = scheduleOf(plan).find((step) => step > wanted.after)
  if (percent === undefined) throw outOfStep(wanted.after, null)
  const record = await recordOfStep(run, plan, percent, wanted, ports)
  const first = wanted.after === 0
  if (first) await requireUnjoined(run, record, ports)
  else await requireUntouched(run, record, ports)
  // The percentage before the flag: who reads the flag first and sees it on, reads a percentage that was approved.
  await requireMayChange(run, ports.objects)
  const ramped = await writeRamps(plan, percent, ports)
  const set = first ? await writeFlags(run, plan, record, ports) : []
  await requireUntouched(run, record, ports)
  return { percent, changed: ramped || set.length > 0, set }
}

const requireUntouched = async (run: Run, record: ReEnabling, ports: AdvancePorts): Promise<void> => {
  const seen = await interference(run, record, ports)
  if (seen.status === 'fail') throw interrupted(seen.detail)
  if (seen.status === 'unknown')
    throw new RollbackError('ReEnable.Unknown', `Whether the flags are as they were set is not known: ${seen.detail}`, {
      fix: 'Have the parameter store answer, then start the restore again.',
      category: 'unreachable',
    })
}

/** Before the first flag, so that it is not on for even a moment when somebody has contained since the question. */
const requireUnjoined = async (run: Run, { askedAt }: ReEnabling, { objects }: AdvancePorts): Promise<void> => {
  const joined = await joinedSince(objects, run.incident, askedAt)
  if (joined !== null) throw interrupted(`"${joined}" asked for containment since people were asked.`)
}
