import { z } from 'zod'
import { readAnswers, readRequest, requireApproval } from '#core/approval/approval.ts'
import { RollbackError } from '#core/errors.ts'
import { readIncident } from '#core/incident/incident.ts'
import { requireLease } from '#core/incident/lease.ts'
import type { Run } from '#core/incident/run.ts'
import { requireSamePlan } from '#core/incident/same-plan.ts'
import { requireNotStopped } from '#core/incident/switch.ts'
import { tell } from '#core/incident/tell.ts'
import type { Plan } from '#core/plan/load.ts'
import { pathOf } from '#core/plan/path-of.ts'
import { advance } from '#core/re-enable/advance.ts'
import { unmetGates } from '#core/re-enable/gate.ts'
import { ReEnableSubject, reEnableQuestion } from '#core/re-enable/subject.ts'
import { defineStep, inRun, type Ports } from '#core/steps/define-step.ts'
import { bringOn } from '#core/workloads/bring-flag.ts'

type Needed = Pick<Ports, 'objects' | 'clock' | 'environment'>

/** An alarm contains. What it has started never switches anything on, whoever approves. */
const requirePerson = async (run: Run, { objects }: Needed): Promise<void> => {
  const incident = await readIncident(objects, run.incident)
  if (incident !== null && incident.signal === null) return
  throw new RollbackError(
    'ReEnable.ByAlarm',
    `Run "${run.incident}" was not started by a person${incident?.signal ? `, but by "${incident.signal.alarm}"` : ''}.`,
    { fix: 'Start the path restore by hand: it finds what is done, and asks.', category: 'refused' },
  )
}

/** What was not met when people approved, they knew; what has come since, they did not. */
const requireGates = async (run: Run, plan: Plan, subject: ReEnableSubject, ports: Needed): Promise<void> => {
  const unmet = (await unmetGates(run, plan, ports)).filter((gate) => !subject.unmet.includes(gate))
  if (unmet.length === 0) return
  throw new RollbackError('ReEnable.GateClosed', unmet.join(' '), {
    fix: 'Meet it, or start the restore again and have it approved in spite of that.',
    category: 'refused',
  })
}

export const reEnable = defineStep({
  kind: 're-enable',
  purpose:
    'Sets the flags of the plan on again, one step of the ramp at a time, after it has checked the recorded approval.',
  event: inRun(z.strictObject({ subject: ReEnableSubject, after: z.number().min(0).max(100) })),
  needs: ['flags', 'deliverer', 'notifier', 'objects', 'plans', 'clock', 'environment', 'approvalKey', 'remaining'],
  run: async ({ run, input: { subject, after } }, ports) => {
    const plan = await ports.plans.load(run.plan)
    // Before approvals are looked at: who has stopped the plan is the one to ask.
    await requireNotStopped(run.plan, ports.objects)
    await requireApproval(run, reEnableQuestion(plan, subject), ports)
    await requirePerson(run, ports)
    await requireGates(run, plan, subject, ports)
    requireSamePlan(run, plan)
    await requireLease(run, ports.objects)
    const answers = await readAnswers(ports.objects, run.incident, 're-enable')
    const by = answers.filter(({ decision }) => decision === 'approved').map(({ name, role }) => `${name} (${role})`)
    const { percent, changed, set } = await advance(run, plan, { subject, after, by }, ports)
    const brought = await bringOn(plan, { ...ports, drill: run.drill })
    const reached = percent === 100 ? 'for all' : `for ${percent}% of the subjects`
    // Once for each approval and step, also when a retry finds them on.
    const asked = await readRequest(ports.objects, run.incident, 're-enable')
    const names = Object.entries(plan.flags).map(([name, flag]) => `${name} is "${flag.on}"`)
    if (after === 0 || percent === 100)
      await tell(
        run,
        're-enabled',
        { flags: `${names.join(', ')}, ${reached}` },
        ports,
        `${asked?.requestedAt} ${percent}`,
      )
    const ramped = pathOf(plan, 'restore').reEnable.ramp !== undefined
    return {
      changed,
      detail: [after === 0 ? set.join(', ') || 'the flags are on' : 'the flags are on', reached, ...brought].join(', '),
      // From after the write: a call that was killed and repeated begins its hold anew.
      ramp: { percent, since: ramped ? ports.clock.now().toISOString() : null },
    }
  },
})
