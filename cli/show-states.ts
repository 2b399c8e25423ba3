import { z } from 'zod'
import type { Progress } from '#cli/progress.ts'
import type { HistoryEvent } from '#local/asl/interpret.ts'

/** What steps say of how much they did, and how much there is. */
const Reported = z.object({
  Payload: z.object({
    progress: z.object({
      total: z.number().nullable().optional(),
      bytes: z.number().optional(),
      rows: z.number().optional(),
    }),
  }),
})

const reported = ({ taskSucceededEventDetails }: HistoryEvent) => {
  if (!taskSucceededEventDetails) return null
  return Reported.safeParse(JSON.parse(taskSucceededEventDetails.output)).data?.Payload.progress ?? null
}

/**
 * Turns the history of an execution, as it happens, into progress: states as they come and go, with their calls and
 * errors, and the bytes and rows of the parts of a Map, whose children have histories of their own.
 */
export const showStates = (progress: Progress): ((event: HistoryEvent, executionArn: string) => void) => {
  let execution = ''
  /** Each event belongs to the state of the one before it, until another state is entered: branches run side by side. */
  const owners = new Map<number, string>()
  const calls = new Map<string, number>()
  const errors = new Map<string, string>()
  let [total, bytes, rows]: [number | null, number, number] = [null, 0, 0]

  const measure = (event: HistoryEvent): void => {
    const done = reported(event)
    if (done?.total !== undefined) [total, bytes, rows] = [done.total, 0, 0]
    if (done?.bytes === undefined) return
    bytes += done.bytes
    rows += done.rows ?? 0
    // The size on disk is an estimate of the size of the copy: never show more than all of it.
    progress.event({ kind: 'bytes', done: bytes, total: total === null ? null : Math.max(total, bytes), rows })
  }
  const enter = (name: string, at: Date): void => {
    calls.set(name, 0)
    errors.delete(name)
    progress.event({ kind: 'state-entered', name, at })
  }
  const leave = (name: string, at: Date): void => {
    const attempts = calls.get(name) ?? 0
    const error = errors.get(name)
    progress.event({
      kind: 'state-exited',
      name,
      at,
      ...(attempts > 1 ? { attempts } : {}),
      ...(error === undefined ? {} : { error }),
    })
  }
  return (event, executionArn) => {
    if (event.type === 'ExecutionStarted' && !executionArn.includes('/')) {
      execution = executionArn
      owners.clear()
    }
    measure(event)
    // A choice is no work: the picture of the report shows it.
    if (executionArn !== execution || event.type.startsWith('Choice')) return
    const entered = event.stateEnteredEventDetails?.name
    const name = entered ?? owners.get(event.previousEventId ?? 0) ?? ''
    owners.set(event.id, name)
    if (entered !== undefined) enter(entered, event.timestamp)
    if (event.type === 'TaskScheduled') calls.set(name, (calls.get(name) ?? 0) + 1)
    if (event.type === 'TaskSucceeded') errors.delete(name)
    const failure = event.taskFailedEventDetails ?? event.taskTimedOutEventDetails ?? event.mapRunFailedEventDetails
    if (failure) errors.set(name, failure.error ?? 'States.TaskFailed')
    const exited = event.stateExitedEventDetails?.name
    if (exited !== undefined) leave(exited, event.timestamp)
  }
}
