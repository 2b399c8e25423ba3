import { planToChange } from '#core/incident/plan-to-change.ts'
import { inEnvironment } from '#core/plan/parameter-name.ts'
import { ThrottleInput } from '#core/plan/steps-config.ts'
import { endThrottle, setThrottle } from '#core/relief/throttle.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'

export const throttle = defineStep({
  kind: 'throttle',
  purpose: 'Takes load off by configuration, or puts back what was there before.',
  event: inRun(ThrottleInput),
  needs: ['parameters', 'objects', 'plans', 'environment', 'clock', 'signal'],
  run: async ({ run, input }, { parameters, objects, plans, environment, clock, signal }) => {
    await planToChange(run, { plans, objects })
    const ports = { parameters, objects, clock, signal }
    const filled = (name: string) => inEnvironment(name, environment)
    const { changed, lines } =
      input.set === undefined
        ? await endThrottle(run, (input.back ?? []).map(filled), ports)
        : await setThrottle(
            run,
            Object.fromEntries(Object.entries(input.set).map(([name, value]) => [filled(name), value])),
            ports,
          )
    return { changed, detail: lines.join('; '), waitSeconds: 0 }
  },
})
