import { z } from 'zod'
import { readEvents } from '#core/incident/incident.ts'
import { MOMENTS } from '#core/plan/vocabulary.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'
import { checksAfter, verifyChecks } from '#core/verify/verification.ts'

export const watch = defineStep({
  kind: 'watch',
  purpose: 'Asks the checks again for as long as the plan says.',
  event: inRun(z.strictObject({ after: z.enum(MOMENTS) })),
  needs: ['database', 'flags', 'objects', 'plans', 'clock', 'environment', 'signal'],
  run: async ({ run, input }, ports) => {
    const plan = await ports.plans.load(run.plan)
    const window = plan.watch
    const none = { verdict: 'recovered', waitSeconds: 0, detail: 'the plan asks for no watching' } as const
    if (!window) return { changed: false, detail: none.detail, watching: none }
    // The window begins with the first of the looks that stand last in the record: after a retry by a person, or on
    // another path, it begins anew.
    const events = await readEvents(ports.objects, run.incident)
    const first = events[events.findLastIndex(({ kind }) => kind !== 'watch') + 1]
    const elapsed = first ? ports.clock.now().getTime() - Date.parse(first.startedAt) : 0
    const { status, detail } = await verifyChecks(run, plan, checksAfter(plan, input.after), ports)
    // Unknown goes on watching while there is time, and is worse than nothing when the time is over.
    const over = elapsed >= window.for
    const verdict = status === 'fail' || (over && status !== 'pass') ? 'worse' : over ? 'recovered' : 'watching'
    return {
      changed: false,
      detail: `${verdict}: ${detail}`,
      watching: { verdict, waitSeconds: verdict === 'watching' ? Math.ceil(window.every / 1000) : 0, detail },
    }
  },
})
