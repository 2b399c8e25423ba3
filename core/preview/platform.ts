import { printRow } from '#core/plan/compatibility.ts'
import { deliveryOf } from '#core/plan/deliveries.ts'
import { printDuration } from '#core/plan/duration.ts'
import type { PlanFile } from '#core/plan/schema.ts'
import type { PlanStep } from '#core/plan/steps.ts'
import { RECORDED } from '#core/plan/steps-platform.ts'
import { printWorkload } from '#core/plan/workloads.ts'
import { action } from './action.ts'
import type { PreviewLine } from './model.ts'

type PlatformStep = Extract<PlanStep, { kind: 'previous-version' | 'restart' | 'scale' }>

export const PLATFORM_TITLES: Readonly<Record<PlatformStep['kind'], string>> = {
  'previous-version': 'Go back to a version',
  restart: 'Restart',
  scale: 'Scale',
}

/** What such a step would do, as far as the plan alone can tell. */
export const platformLines = ({ compatibility }: PlanFile, { kind, input }: PlatformStep): PreviewLine[] => {
  const workload = printWorkload(input.workload)
  const until = action(`wait until all of it is new and healthy, ${printDuration(input.within)} at most`)
  switch (kind) {
    case 'previous-version': {
      const to = input.to === RECORDED ? 'the version and count of the newest record of the good state' : input.to
      const rows = (compatibility?.fits ?? []).map((row) =>
        action(`only if it fits: ${printRow(row)}${row.clients === undefined ? '' : ` (clients: ${row.clients})`}`),
      )
      return [action(`bring ${workload} to ${to}; what flags have set on it stays`), ...rows, until]
    }
    case 'restart':
      return [action(`start all of ${workload} anew${input.why === '' ? '' : ` (${input.why})`}`), until]
    case 'scale':
      return [
        action(
          `take ${workload} to ${input.to === 0 ? 'nothing' : 'the count of the newest record of the good state'}`,
        ),
        until,
      ]
  }
}

/** How containment brings a flag to the application; nothing is said of one that is polled. */
export const deliveryLine = (flag: PlanFile['flags'][string]): PreviewLine[] => {
  const delivery = deliveryOf(flag)
  if (delivery === null) return []
  if (delivery.kind === 'webhook') return [action(`call webhook "${delivery.webhook}" with it`)]
  const variable = delivery.variable === null ? '' : `, with the value in ${delivery.variable}`
  return [action(`restart ${printWorkload(delivery.workload)}${variable}, without waiting for it`)]
}
