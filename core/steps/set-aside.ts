import { keys } from '#core/incident/keys.ts'
import { locksOfRun } from '#core/incident/may-change.ts'
import { mutating } from '#core/incident/session.ts'
import { writeJson } from '#core/json.ts'
import { describeSetAside, printSetAside, setAside as retireStanding } from '#core/restore/set-aside.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'
import { FromSnapshot, restoreInput, setAsideOptions } from '#core/steps/from-snapshot.ts'

export const setAside = defineStep({
  kind: 'set-aside',
  purpose:
    'Retires what stands where a snapshot is to be put, and counts its rows and those written since; nothing is destroyed.',
  event: inRun(FromSnapshot),
  needs: ['database', 'objects', 'plans', 'clock', 'environment', 'signal'],
  run: async ({ run, input }, ports) => {
    const plan = await ports.plans.load(run.plan)
    const restore = restoreInput(run, input, ports.environment)
    const { retirement, subject } = await mutating(
      run,
      plan,
      'set-aside',
      ports,
      async (session) => ({
        retirement: await retireStanding(session, ports.objects, {
          ...restore,
          ...setAsideOptions(plan, input),
          clock: ports.clock,
          lockOptions: locksOfRun(run, plan, ports),
        }),
        subject: await describeSetAside(session, ports.objects, restore),
      }),
      // Counting reads the rows.
      { statementTimeout: 0 },
    )
    // The record of the database is the one that counts; this copy is for a day when the database is gone.
    if (retirement)
      await writeJson(ports.objects, keys.retirement(run.plan, retirement.id), retirement, { ifAbsent: true })
    if (subject) await writeJson(ports.objects, keys.replaced(run.incident), subject)
    return {
      changed: retirement !== null,
      detail: subject ? printSetAside(subject) : 'nothing stands in the way',
      rows: subject?.rows ?? 0,
      subject,
    }
  },
})
