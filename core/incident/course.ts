import { z } from 'zod'
import { keys } from '#core/incident/keys.ts'
import { Decided, Signal } from '#core/incident/request.ts'
import { swapJson } from '#core/incident/swap.ts'
import { readJson } from '#core/json.ts'
import { type IncidentId, PATHS, type Path } from '#core/names.ts'
import type { Route } from '#core/plan/work-of.ts'
import type { Clock, Objects } from '#core/ports.ts'

/** The paths of which one is worse than another. A restore and a purge are no answer to a signal that gets worse. */
const RANKS: readonly Path[] = ['flag', 'partial', 'full']

export const canEscalate = (path: Path): boolean => RANKS.includes(path)

/** Full is worse than partial, partial than flag; of other paths none is worse than another. */
export const isWorse = (path: Path, than: Path): boolean =>
  canEscalate(path) && canEscalate(than) && RANKS.indexOf(path) > RANKS.indexOf(than)

/** Whether another procedure of the path is asked for than the one that is taken: neither is worse, and none includes the other. */
export const isOtherScenario = (asked: Route, taken: Route): boolean =>
  asked.path === 'partial' && taken.path === 'partial' && asked.scenario !== taken.scenario

/** A worse path, and who wants it. `signal` is `null` when a person does: then nobody else is asked. */
const Demand = z.strictObject({
  path: z.enum(PATHS),
  scenario: z.string().optional(),
  by: z.string().transform((id) => id as IncidentId),
  at: z.string(),
  reason: z.string(),
  signal: Signal.nullable(),
  /** What was decided about that signal; the rung of the worse path is its own. */
  decided: Decided.nullable().optional(),
})
export type Demand = z.infer<typeof Demand>

/**
 * Where a run goes: `incidents/<id>/course.json`, changed by compare-and-swap only. A demand is either in it before the run
 * looks for the last time, or finds it no longer open: none is lost.
 */
export const Course = z.strictObject({
  /** The path that is taken now. */
  path: z.enum(PATHS),
  scenario: z.string().optional(),
  /** Of the row of the decision table that says who approves it; `null` when a person has chosen. */
  signal: Signal.nullable(),
  decided: Decided.nullable().optional(),
  /** The worst path that was demanded and is not taken yet. */
  demand: Demand.nullable(),
  escalations: z.array(Demand.extend({ from: z.enum(PATHS) })),
  /** The first alarm that may not take the run anywhere, as a restore is not taken: people are told of that one. */
  heldBack: z.string().nullable(),
  /** False from the report on: the run is about to end. */
  open: z.boolean(),
})
export type Course = z.infer<typeof Course>

interface CoursePorts {
  readonly objects: Objects
  readonly clock: Clock
}

const parse = (value: unknown): Course => Course.parse(value)

export const readCourse = async (objects: Objects, id: IncidentId): Promise<Course | null> => {
  const found = await readJson(objects, keys.course(id))
  return found && parse(found.value)
}

/**
 * The course of a run that begins, or begins again after a person was asked. A person who chose another path has settled
 * what was demanded before; one who chose to retry has not.
 */
export const openCourse = (
  id: IncidentId,
  { path, scenario, signal, decided = null }: Pick<Course, 'path' | 'scenario' | 'signal' | 'decided'>,
  ports: CoursePorts,
): Promise<Course | null> =>
  swapJson(
    keys.course(id),
    parse,
    (course) => {
      if (!course) return { path, scenario, signal, decided, demand: null, escalations: [], heldBack: null, open: true }
      if (course.path !== path) return { ...course, path, scenario, demand: null, open: true }
      return course.open ? course : { ...course, open: true }
    },
    ports,
  )

/** Leaves a worse path in the course of a run; one that is not worse, or comes after the end, changes nothing. */
export const demandPath = (id: IncidentId, demand: Demand, ports: CoursePorts): Promise<Course | null> =>
  swapJson(
    keys.course(id),
    parse,
    (course) => {
      if (!course?.open || !isWorse(demand.path, course.path)) return course
      return course.demand && !isWorse(demand.path, course.demand.path) ? course : { ...course, demand }
    },
    ports,
  )

/** Resolves to the course; `heldBack` is the first that was held back, whoever asks. */
export const holdBack = (id: IncidentId, by: IncidentId, ports: CoursePorts): Promise<Course | null> =>
  swapJson(
    keys.course(id),
    parse,
    (course) => (course && course.heldBack === null ? { ...course, heldBack: by } : course),
    ports,
  )

/**
 * Takes what was demanded, if it is worse than the path that the run is on; `taken` when this call did. Asked again, after
 * a call that was killed, it gives the same course, which is then ahead of the run.
 */
export const takeDemand = async (
  run: { incident: IncidentId; path: Path },
  ports: CoursePorts,
): Promise<{ course: Course | null; taken: boolean }> => {
  let taken = false
  const course = await swapJson(
    keys.course(run.incident),
    parse,
    (course) => {
      taken = false
      if (!course || !canEscalate(run.path)) return course
      // A watch that got worse takes the run on by itself, past its course.
      const path = isWorse(run.path, course.path) ? run.path : course.path
      const { demand } = course
      if (!demand) return path === course.path ? course : { ...course, path }
      if (!isWorse(demand.path, path)) return { ...course, path, demand: null }
      taken = true
      const { path: to, scenario, signal, decided = null } = demand
      const escalations = [...course.escalations, { ...demand, from: path }]
      return { ...course, path: to, scenario, signal, decided, demand: null, escalations }
    },
    ports,
  )
  return { course, taken }
}

/**
 * From now on nothing can be demanded of the run. Stays open, and says so, while a worse path waits to be taken; a run
 * that a person has ended ends all the same.
 */
export const closeCourse = (
  run: { incident: IncidentId; path: Path },
  by: 'itself' | 'a person',
  ports: CoursePorts,
): Promise<Course | null> =>
  swapJson(
    keys.course(run.incident),
    parse,
    (course) => {
      if (!course?.open) return course
      const waits = course.demand !== null && isWorse(course.demand.path, run.path)
      return by === 'itself' && waits ? course : { ...course, open: false }
    },
    ports,
  )
