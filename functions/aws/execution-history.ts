import type { HistoryEvent } from '@aws-sdk/client-sfn'
import { type Visit, VisitTree } from '#aws/execution-visits.ts'
import type { VisitedState } from '#core/ports.ts'

type Event = HistoryEvent & { readonly type: string; readonly timestamp: Date }

/**
 * Folds the events of one execution, oldest first, into the states it went through, in the order in which they were
 * entered. Each visit is one entry; what happened inside a Map or Parallel is one entry per state and visit of the
 * outermost one: from its first start to its last end, with all attempts, and the status that its last run gave it. The children of a distributed Map are executions with histories of
 * their own: not here. Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
 */
export const visitedStates = (events: readonly HistoryEvent[]): VisitedState[] => {
  const tree = new VisitTree()
  for (const event of events) {
    if (event.type !== undefined && event.timestamp !== undefined) apply(tree, event as Event)
  }
  return foldContainers(tree.visits)
}

/** Every event continues the state that the event before it belongs to, by `previousEventId`: branches interleave. */
const apply = (tree: VisitTree, event: Event): void => {
  const { type, timestamp: at } = event
  const before = tree.after(event.previousEventId)
  const error = errorOf(event)
  if (type === 'ExecutionSucceeded') {
    tree.endAll(at, null)
  } else if (/^Execution(Failed|TimedOut|Aborted)$/.test(type)) {
    tree.endAll(at, { error: error ?? ENDS[type] ?? null })
  } else if (type.endsWith('StateEntered')) {
    const visit = tree.enter(event.stateEnteredEventDetails?.name ?? '', kindOf(type), at, before)
    tree.set(event.id, visit)
  } else if (type.endsWith('StateExited')) {
    const visit = tree.nearest(before, (open) => open.name === event.stateExitedEventDetails?.name)
    tree.end(visit, at)
    tree.set(event.id, visit?.parent ?? null)
  } else if (/^(Map|Parallel)(State|Iteration|Run)/.test(type)) {
    tree.set(event.id, container(tree, event, before, error))
  } else {
    if (/^(Task|LambdaFunction|Activity)Scheduled$/.test(type)) before?.schedule()
    else if (/(Failed|TimedOut)$/.test(type)) before?.fail(error)
    else if (/Succeeded$/.test(type)) before?.succeed()
    else if (/Aborted$/.test(type)) tree.giveUp(before, at)
    tree.set(event.id, before)
  }
}

/** Events of a Map or a Parallel itself come from inside one of its branches. Gives the visit that goes on. */
const container = (tree: VisitTree, event: Event, before: Visit | null, error: string | null): Visit | null => {
  const { type, timestamp: at } = event
  if (type.endsWith('StateAborted')) {
    tree.giveUp(before, at)
    return before
  }
  const kind = kindOf(type)
  const started = type.endsWith('StateStarted')
  const visit = tree.nearest(before, (open) => open.kind === kind && (started || open.underWay))
  if (started) tree.start(visit)
  else if (/^(Map|Parallel)StateSucceeded$/.test(type)) visit?.succeed()
  else if (/^Map(Iteration|Run)Failed$/.test(type)) visit?.note(error ?? tree.errorOn(before, visit))
  else if (/^(Map|Parallel)StateFailed$/.test(type)) {
    const inner = tree.errorOn(before, visit)
    if (visit !== null) tree.endInside(visit, at)
    visit?.fail(inner)
  }
  return visit
}

/** `Map` of `MapIterationFailed`, `Task` of `TaskStateEntered`. */
const kindOf = (type: string): string => type.replace(/(State|Iteration|Run)[A-Z].*$/, '')

const ENDS: Record<string, string> = { ExecutionTimedOut: 'States.Timeout', ExecutionAborted: 'Aborted' }

/** `error` of whichever details object the event has. */
const errorOf = (event: HistoryEvent): string | null => {
  for (const details of Object.values(event)) {
    if (typeof details === 'object' && 'error' in details && typeof details.error === 'string') return details.error
  }
  return null
}

const foldContainers = (visits: readonly Visit[]): VisitedState[] => {
  const folded = new Map<string, [Visit, ...Visit[]]>()
  for (const visit of visits) {
    const container = visit.outermost()
    const key = container === null ? `${visit.order}` : `${container.order} ${visit.name}`
    const others = folded.get(key)
    if (others) others.push(visit)
    else folded.set(key, [visit])
  }
  return [...folded.values()].map(fold)
}

const fold = (visits: [Visit, ...Visit[]]): VisitedState => {
  const startedAt = Math.min(...visits.map((visit) => visit.startedAt.getTime()))
  const running = visits.some((visit) => visit.endedAt === null)
  const last = visits.filter((visit) => !visit.superseded)
  const failed = (last.length > 0 ? last : visits).filter((visit) => visit.failed)
  return {
    name: visits[0].name,
    startedAt: new Date(startedAt).toISOString(),
    ms: running ? null : Math.max(...visits.map((visit) => visit.endedAt?.getTime() ?? 0)) - startedAt,
    attempts: visits.reduce((sum, visit) => sum + Math.max(1, visit.scheduled), 0),
    status: running ? 'running' : failed.length > 0 ? 'failed' : 'succeeded',
    error: failed.at(-1)?.error ?? null,
  }
}
