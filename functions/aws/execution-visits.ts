/** One visit of a state. */
export class Visit {
  /** Of its entry, from 0. */
  readonly order: number
  readonly name: string
  /** `Task`, `Map`, `Parallel`, … */
  readonly kind: string
  readonly startedAt: Date
  /** The Map or Parallel it is inside of. */
  readonly parent: Visit | null
  endedAt: Date | null = null
  /** Calls of a task, or runs of a Map or Parallel. */
  scheduled = 0
  /** A Map or Parallel whose branches are running: its events are told by this from those of one around it. */
  underWay = false
  failed: boolean
  error: string | null = null
  /** In a run of a Map or Parallel that was retried since: how it ended counts no more. */
  superseded = false

  constructor(order: number, name: string, kind: string, startedAt: Date, parent: Visit | null) {
    this.order = order
    this.name = name
    this.kind = kind
    this.startedAt = startedAt
    this.parent = parent
    this.failed = kind === 'Fail'
  }

  schedule(): void {
    this.scheduled += 1
    this.underWay = true
  }

  succeed(): void {
    this.underWay = false
    this.failed = false
    this.error = null
  }

  fail(error: string | null): void {
    this.underWay = false
    this.failed = true
    this.error = error
  }

  /** The error of a branch: it becomes the error of the whole when the whole fails. */
  note(error: string | null): void {
    this.error = error
  }

  /** The Map or Parallel around all others that it is inside of. */
  outermost(): Visit | null {
    let found: Visit | null = null
    for (let visit = this.parent; visit !== null; visit = visit.parent) found = visit
    return found
  }
}

/** The visits of one execution, and which of them each event left it in. */
export class VisitTree {
  readonly visits: Visit[] = []
  readonly #after = new Map<number, Visit | null>()

  /** The innermost visit that goes on after that event; `null` at the top level. */
  after(event: number | undefined): Visit | null {
    return this.#after.get(event ?? 0) ?? null
  }

  set(event: number | undefined, visit: Visit | null): void {
    this.#after.set(event ?? 0, visit)
  }

  enter(name: string, kind: string, at: Date, parent: Visit | null): Visit {
    const visit = new Visit(this.visits.length, name, kind, at, parent)
    this.visits.push(visit)
    return visit
  }

  /** The visit itself or the nearest around it that fits. */
  nearest(visit: Visit | null, fits: (visit: Visit) => boolean): Visit | null {
    for (let open = visit; open !== null; open = open.parent) if (fits(open)) return open
    return null
  }

  end(visit: Visit | null, at: Date): void {
    if (visit === null || visit.endedAt !== null) return
    this.endInside(visit, at)
    visit.endedAt = at
  }

  /** A run of a Map or Parallel begins; what an earlier one left is out of date. */
  start(container: Visit | null): void {
    for (const visit of container === null ? [] : this.#inside(container)) visit.superseded = true
    container?.schedule()
  }

  /** What was given up inside of a Map or Parallel has no event that ends it. */
  endInside(container: Visit, at: Date): void {
    for (const visit of this.#inside(container)) {
      if (visit.endedAt !== null) continue
      visit.endedAt = at
      visit.failed = true
    }
  }

  #inside(container: Visit): Visit[] {
    const within = (visit: Visit) => visit !== container && this.nearest(visit, (open) => open === container) !== null
    return this.visits.slice(container.order).filter(within)
  }

  /** A branch that was given up because another one failed. */
  giveUp(visit: Visit | null, at: Date): void {
    visit?.fail(visit.error)
    this.end(visit, at)
  }

  /** The execution is over: when it failed, what was still running has failed with it. */
  endAll(at: Date, failure: { error: string | null } | null): void {
    for (const visit of this.visits) {
      if (visit.endedAt !== null) continue
      visit.endedAt = at
      if (failure) visit.fail(visit.error ?? failure.error)
    }
  }

  /** The error of the innermost visit that has one, up to the container. */
  errorOn(visit: Visit | null, container: Visit | null): string | null {
    return this.nearest(visit, (open) => open === container || open.error !== null)?.error ?? null
  }
}
