import { readLeftOpen } from '#core/incident/left-open.ts'
import type { Run } from '#core/incident/run.ts'
import type { Objects } from '#core/ports.ts'
import { openReliefs, type Relief } from '#core/relief/relief.ts'

const print = (value: Relief['before']): string =>
  typeof value === 'object' && value !== null && 'min' in value && 'max' in value
    ? `${value.min} to ${value.max} ACU`
    : JSON.stringify(value)

const sentence = ({ kind, thing, before, set, at }: Relief): string =>
  `${thing} is at ${print(set)} since ${at} and was at ${print(before)}: a ${kind} step with "back" puts it back when the load is gone.`

/** What a run leaves for people: what no step may do, and what is only meant for a while. */
export const leftOpen = async (objects: Objects, run: Run): Promise<string[]> => [
  ...(await readLeftOpen(objects, run.incident)),
  ...(await openReliefs(objects, run.plan)).map(sentence),
]
