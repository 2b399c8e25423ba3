import type { AlarmState } from '#core/decide/alarm.ts'
import { hearAlarm } from '#core/decide/alarms.ts'
import { type Change, newestChange } from '#core/decide/change.ts'
import { type Concerned, type Matched, matchRow } from '#core/decide/decide.ts'
import { readDrill } from '#core/decide/drill.ts'
import { BUCKET_MS, inTime } from '#core/decide/in-time.ts'
import { type Drilled, type Ladder, ladder } from '#core/decide/ladder.ts'
import type { Circumstances } from '#core/plan/table.ts'
import { printRoute } from '#core/plan/work-of.ts'
import type { Ports } from '#core/steps/define-step.ts'

/** What deciding asks for: the bucket, in short, and never before containment. */
export type WeighPorts = Pick<Ports, 'objects' | 'clock' | 'environment' | 'autonomy'>

/** A row that an alarm leads to, and how far it may be followed here and now. */
export interface Weighed extends Matched {
  readonly change: { readonly recent: Circumstances['change']; readonly last: Change | null }
  readonly drilled: Drilled
  readonly ladder: Ladder
}

const readChange = async ({ plan }: Concerned, { at }: AlarmState, ports: WeighPorts): Promise<Weighed['change']> => {
  if (plan.change === undefined) return { recent: 'off', last: null }
  const { window } = plan.change
  const looked = await inTime(() => newestChange(ports.objects, plan.name, { at, window }), BUCKET_MS, ports.clock)
  if (!looked.known) return { recent: 'unknown', last: null }
  return { recent: looked.value ? 'recent' : 'none', last: looked.value }
}

/** Takes the alarm's state down, too: the rows of another alarm may ask for it. Only in plans with such rows. */
export const readOthers = async (
  { plan, occasions }: Concerned,
  alarm: AlarmState,
  ports: Pick<WeighPorts, 'objects' | 'clock'>,
): Promise<Circumstances['also']> => {
  if (!plan.decide.some(({ also }) => also !== undefined)) return []
  const signals = occasions.map(({ signal }) => signal)
  const looked = await inTime(() => hearAlarm(ports.objects, plan.name, signals, alarm), BUCKET_MS, ports.clock)
  return looked.known ? looked.value : 'unknown'
}

const readDrilled = async ({ plan, decision }: Matched, ports: WeighPorts): Promise<Drilled> => {
  const looked = await inTime(() => readDrill(ports.objects, plan.name, printRoute(decision)), BUCKET_MS, ports.clock)
  return looked.known ? looked.value : 'unknown'
}

/** Which row, and how far it may be followed. What cannot be read is decided on the safe side; `null` without a row. */
export const weigh = async (concerned: Concerned, alarm: AlarmState, ports: WeighPorts): Promise<Weighed | null> => {
  const [change, also] = await Promise.all([readChange(concerned, alarm, ports), readOthers(concerned, alarm, ports)])
  const matched = matchRow(concerned, { change: change.recent, also, at: alarm.at })
  if (!matched) return null
  const drilled = await readDrilled(matched, ports)
  const known = { change: change.recent, drilled, now: ports.clock.now() }
  const environment = { name: ports.environment, autonomy: ports.autonomy }
  return { ...matched, change, drilled, ladder: ladder(matched, known, environment) }
}
