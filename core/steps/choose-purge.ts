import { z } from 'zod'
import { isRollbackError } from '#core/errors.ts'
import { reading } from '#core/incident/session.ts'
import { pathOf } from '#core/plan/path-of.ts'
import { choosePurge as choose } from '#core/purge/subject.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'

export const choosePurge = defineStep({
  kind: 'choose-purge',
  purpose: 'Names what a purge would destroy and the snapshot that covers it, or refuses.',
  event: inRun(z.strictObject({})),
  needs: ['database', 'objects', 'plans', 'clock', 'environment', 'signal'],
  run: async ({ run }, ports) => {
    const plan = await ports.plans.load(run.plan)
    const { purge } = pathOf(plan, 'full')
    try {
      const subject = await reading(run, plan, 'choose-purge', ports, (session) =>
        choose(session, ports.objects, {
          plan: run.plan,
          environment: ports.environment,
          retention: purge.after,
          now: ports.clock.now(),
          ...(purge.extension === 'drop' ? { extension: plan.protects.extension } : {}),
        }),
      )
      return {
        changed: false,
        detail: `${subject.rows} rows of ${subject.tables.length} tables may be destroyed`,
        subject,
      }
    } catch (error) {
      if (!isRollbackError(error) || error.name !== 'Purge.NothingToPurge') throw error
      return { changed: false, detail: error.message, subject: null }
    }
  },
})
