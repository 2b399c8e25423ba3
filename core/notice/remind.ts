import { readMessages, type SentMessage, type TellPorts, type Told, tellClaimed, toldOf } from '#core/incident/tell.ts'
import { dueMessages } from '#core/notice/due.ts'
import { type OpenRun, openRuns } from '#core/notice/open-runs.ts'
import type { Executions } from '#core/ports.ts'

export type RemindPorts = TellPorts & { readonly executions: Executions }

/** What was sent at one look, for the log. */
export interface Reminded {
  readonly incident: string
  readonly event: string
  readonly delivered: boolean
}

/** Nobody watches a ramp whose execution is over, and nothing takes it back by itself. */
const nextOfTheDead = ({ rampedTo }: OpenRun): string => {
  const start = 'Start the same path again: every step is safe to repeat, and what was done is found.'
  if (rampedTo === null) return `Nothing goes on by itself. ${start}`
  return `It was enabling the feature again, and had begun with ${rampedTo}% of the subjects: nobody watches that any more. Start the path flag, which switches it off; or the restore again, which switches it off first.`
}

/** An execution that is over while its run still holds the lease: it was stopped, failed, or ran out of its time. */
const ofTheDead = (run: OpenRun, messages: readonly SentMessage[]): Told[] =>
  run.released || messages.some(({ event }) => event === 'no-answer')
    ? []
    : [
        {
          event: 'stopped',
          values: {
            ...run.known,
            next: nextOfTheDead(run),
          },
          once: 'stopped',
        },
      ]

const remindOf = async (run: OpenRun, ports: RemindPorts): Promise<Reminded[]> => {
  const messages = await readMessages(ports.objects, run.about.incident)
  const due = run.alive ? dueMessages(run.plan, run, ports.clock.now().getTime()) : ofTheDead(run, messages)
  const again = messages
    .filter(({ delivered }) => !delivered)
    .flatMap((message) => {
      const told = toldOf(message)
      return told ? [{ told, path: message.path }] : []
    })
  const all = [...due.map((told) => ({ told, path: run.about.path })), ...again]
  const sent: Reminded[] = []
  // One after the other: two of them may be the same message.
  for (const { told, path } of all) {
    const message = await tellClaimed({ ...run.about, path }, told, ports)
    if (message && message.subject !== '')
      sent.push({ incident: run.about.incident, event: told.event, delivered: message.delivered })
  }
  return sent
}

/**
 * One look at all open incidents: climbs the ladders, reminds of open questions, sends the updates, and sends again what was not
 * delivered. Safe to run at any time, twice, and twice at once. One incident that cannot be read keeps nobody else from being told;
 * its error is thrown at the end.
 */
export const remind = async (_event: unknown, ports: RemindPorts): Promise<Reminded[]> => {
  const looked = await Promise.allSettled(
    (await openRuns(ports)).map(async (opening) => {
      const run = await opening
      return run ? remindOf(run, ports) : []
    }),
  )
  const failed = looked.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
  return looked.flatMap((result) => (result.status === 'fulfilled' ? result.value : []))
}
