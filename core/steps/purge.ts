import { z } from 'zod'
import { requireApproval } from '#core/approval/approval.ts'
import { keys } from '#core/incident/keys.ts'
import { locksOfRun } from '#core/incident/may-change.ts'
import { mutating } from '#core/incident/session.ts'
import { requireNotStopped } from '#core/incident/switch.ts'
import { writeJson } from '#core/json.ts'
import { pathOf } from '#core/plan/path-of.ts'
import { purge as destroy } from '#core/purge/purge.ts'
import { PurgeSubject } from '#core/purge/subject.ts'
import { purgesUnasked } from '#core/purge/unasked.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'

export const purge = defineStep({
  kind: 'purge',
  purpose: 'Destroys retired tables, after it has checked approval, snapshot and coverage once more under its lock.',
  event: inRun(z.strictObject({ subject: PurgeSubject })),
  needs: ['database', 'objects', 'plans', 'clock', 'environment', 'approvalKey', 'disposable', 'signal'],
  run: async ({ run, input }, ports) => {
    const plan = await ports.plans.load(run.plan)
    // Before approvals are looked at: who has stopped the plan is the one to ask.
    await requireNotStopped(run.plan, ports.objects)
    // A task token alone is never enough: the record of the approval is.
    const question = { purpose: 'purge', subject: input.subject, approve: pathOf(plan, 'full').purge.approve } as const
    if (!purgesUnasked(plan, ports.disposable)) await requireApproval(run, question, ports)
    const { changed, rows, extension } = await mutating(
      run,
      plan,
      'purge',
      ports,
      (session) =>
        destroy(session, ports.objects, {
          subject: input.subject,
          environment: ports.environment,
          clock: ports.clock,
          locks: locksOfRun(run, plan, ports),
        }),
      { statementTimeout: 0 },
    )
    // For the report: which retirement it was, of the several that may lie open.
    await writeJson(ports.objects, keys.purged(run.incident), input.subject)
    const kept = extension?.kept ? `; extension ${extension.name} kept: ${extension.kept}` : ''
    return { changed, detail: `${changed ? 'destroyed' : 'destroyed before'}: ${rows} rows${kept}` }
  },
})
