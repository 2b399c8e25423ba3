import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionResult, HistoryEvent } from '#local/asl/interpret.ts'
import { type Journal, openJournal, readJournal } from './journal.ts'

export interface Execution {
  readonly arn: string
  readonly name: string
  /** For a child of a distributed Map `…:stateMachine:<machine>/<label>`, as in AWS. */
  readonly stateMachineArn: string
  readonly startDate: Date
  /** JSON text, as it was sent. */
  readonly input: string
}

/** Oldest first. */
export interface StoredExecution extends Execution {
  readonly events: readonly HistoryEvent[]
}

/** How an execution ended, and when; `null` while it runs. What the history says is the only record of it. */
export const endOf = ({ events }: StoredExecution): (ExecutionResult & { stopDate: Date }) | null => {
  const last = events.at(-1)
  if (last === undefined) return null
  const stopDate = last.timestamp
  switch (last.type) {
    case 'ExecutionSucceeded':
      return {
        status: 'SUCCEEDED',
        output: JSON.parse(last.executionSucceededEventDetails?.output ?? 'null'),
        stopDate,
      }
    case 'ExecutionFailed':
      return { status: 'FAILED', ...last.executionFailedEventDetails, stopDate }
    case 'ExecutionTimedOut':
      return { status: 'TIMED_OUT', stopDate }
    case 'ExecutionAborted':
      return { status: 'ABORTED', ...last.executionAbortedEventDetails, stopDate }
    default:
      return null
  }
}

interface Kept extends StoredExecution {
  readonly events: HistoryEvent[]
  readonly path: string
}

/** Takes the events of one execution and of the children of its distributed Maps. On disk when the call returns. */
export interface Recording {
  readonly execution: StoredExecution
  record(event: HistoryEvent, executionArn: string): void
  /** The execution is over for a fault of ours: kept in memory even where the disk is the fault. */
  fail(cause: string, at: Date): void
}

/**
 * The executions of one state directory, all in memory. Each is a folder: `history.jsonl` has the execution in its first
 * line and then its events; `children/` the same for each child of a distributed Map.
 */
export class ExecutionsStore {
  readonly #directory: string
  readonly #byArn = new Map<string, Kept>()

  /** Executions that nobody ended are aborted: the process that ran them is gone. */
  constructor(directory: string, now: Date) {
    this.#directory = directory
    mkdirSync(directory, { recursive: true })
    for (const folder of readdirSync(directory)) {
      this.#load(join(directory, folder, 'history.jsonl'))
      for (const child of namesIn(join(directory, folder, 'children'))) {
        this.#load(join(directory, folder, 'children', child))
      }
    }
    for (const execution of this.#byArn.values()) {
      if (endOf(execution) !== null) continue
      const journal = openJournal(execution.path)
      add(execution, journal, lastEvent(execution, 'ExecutionAborted', now, GONE))
      journal.close()
    }
  }

  get(arn: string): StoredExecution | undefined {
    return this.#byArn.get(arn)
  }

  /** Latest start first. */
  list(stateMachineArn: string): StoredExecution[] {
    return [...this.#byArn.values()]
      .filter((execution) => execution.stateMachineArn === stateMachineArn)
      .reverse()
      .sort((a, b) => b.startDate.getTime() - a.startDate.getTime())
  }

  create(execution: Execution): Recording {
    const folder = join(this.#directory, folderOf(execution.name))
    const main = this.#open(execution, join(folder, 'history.jsonl'))
    const open = new Map([[execution.arn, main]])
    return {
      execution: main.kept,
      record: (event, arn) => {
        let at = open.get(arn)
        if (at === undefined) {
          const child = childOf(arn, event)
          at = this.#open(child, join(folder, 'children', `${child.name}.jsonl`))
          open.set(arn, at)
        }
        add(at.kept, at.journal, event)
        if (endOf(at.kept) === null) return
        at.journal.close()
        open.delete(arn)
      },
      fail: (cause, now) => {
        for (const { kept, journal } of open.values()) {
          const event = lastEvent(kept, 'ExecutionFailed', now, { error: 'States.Runtime', cause })
          try {
            add(kept, journal, event)
          } catch {
            kept.events.push(event)
          }
          journal.close()
        }
        open.clear()
      },
    }
  }

  #open(execution: Execution, path: string): { kept: Kept; journal: Journal } {
    const journal = openJournal(path)
    const { arn, name, stateMachineArn, startDate, input } = execution
    journal.append({ arn, name, stateMachineArn, startDate, input })
    const kept: Kept = { ...execution, events: [], path }
    this.#byArn.set(arn, kept)
    return { kept, journal }
  }

  #load(path: string): void {
    const [head, ...events] = readJournal(path)
    // A process that was killed before the first line was whole has not answered the call, either.
    if (head === undefined) return
    const execution = head as Execution & { startDate: string }
    this.#byArn.set(execution.arn, {
      ...execution,
      startDate: new Date(execution.startDate),
      events: (events as (HistoryEvent & { timestamp: string })[]).map((event) => ({
        ...event,
        timestamp: new Date(event.timestamp),
      })),
      path,
    })
  }
}

const GONE = { error: 'Local.ProcessGone', cause: 'The process that ran the execution ended before it.' }

const add = (kept: Kept, journal: Journal, event: HistoryEvent): void => {
  journal.append(event)
  kept.events.push(event)
}

const lastEvent = (
  { events }: StoredExecution,
  type: 'ExecutionAborted' | 'ExecutionFailed',
  timestamp: Date,
  details: { error: string; cause: string },
): HistoryEvent => {
  const event = { id: (events.at(-1)?.id ?? 0) + 1, previousEventId: 0, timestamp, type }
  return type === 'ExecutionAborted'
    ? { ...event, executionAbortedEventDetails: details }
    : { ...event, executionFailedEventDetails: details }
}

/** From `…:execution:<machine>/<label>:<uuid>` and its first event. */
const childOf = (arn: string, first: HistoryEvent): Execution => {
  const parts = arn.split(':')
  return {
    arn,
    name: parts.at(-1) ?? arn,
    stateMachineArn: [...parts.slice(0, 5), 'stateMachine', ...parts.slice(6, -1)].join(':'),
    startDate: first.timestamp,
    input: first.executionStartedEventDetails?.input ?? '{}',
  }
}

/** The name itself, where no file system could take it for another one. */
const folderOf = (name: string): string =>
  /^[a-z0-9_-]+$/.test(name) ? name : `~${createHash('sha256').update(name).digest('hex')}`

const namesIn = (path: string): string[] => {
  try {
    return readdirSync(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
