import { z } from 'zod'
import { isRollbackError } from '#core/errors.ts'
import { reading } from '#core/incident/session.ts'
import { pathOf } from '#core/plan/path-of.ts'
import { choosePurge as choose, dueUnsealed } from '#core/purge/subject.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'

export const choosePurge = defineStep({
  kind: 'choose-purge',
  purpose: 'Names what a purge would destroy and the snapshot that covers it, or refuses.',
  event: inRun(z.strictObject({})),
  needs: ['database', 'objects', 'plans', 'clock', 'environment', 'signal'],
  run: async ({ run }, ports) => {
    const plan = await ports.plans.load(run.plan)
    const { purge } = pathOf(plan, 'full')
    const due = {
      plan: run.plan,
      environment: ports.environment,
      retention: purge.after,
      now: ports.clock.now(),
      ...(purge.extension === 'drop' ? { extension: plan.protects.extension } : {}),
    }
    try {
      const subject = await reading(run, plan, 'choose-purge', ports, (session) => choose(session, ports.objects, due))
      return {
        changed: false,
        detail: `${subject.rows} rows of ${subject.tables.length} tables may be destroyed`,
        subject,
        unsealed: null,
      }
    } catch (error) {
      if (!isRollbackError(error)) throw error
      if (error.name === 'Purge.NothingToPurge')
        return { changed: false, detail: error.message, subject: null, unsealed: null }
      if (error.name !== 'Purge.NotSealed') throw error
      const unsealed = await reading(run, plan, 'choose-purge', ports, (session) =>
        dueUnsealed(session, ports.objects, due),
      )
      return { changed: false, detail: `"${unsealed}" is snapshotted first`, subject: null, unsealed }
    }
  },
})
