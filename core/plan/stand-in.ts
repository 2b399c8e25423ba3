import { access } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { RollbackError } from '#core/errors.ts'
import type { Evaluator } from '#core/evaluator/evaluator.ts'
import type { Clock, MetricName, Session } from '#core/ports.ts'

export interface AppRequest {
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly query: URLSearchParams
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Parsed JSON; `null` without a body, or where it is no JSON. */
  readonly body: unknown
  /** What stands in the braces of the route. */
  readonly parameters: Readonly<Record<string, string>>
}

/** 200 where no status is given. */
export interface AppReply {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly json?: unknown
}

/** By method and path, as `GET /articles/{id}`. The first that fits answers; none is a 404, an error a 500 with its message. */
export type Routes = Readonly<Record<string, (request: AppRequest) => Promise<AppReply> | AppReply>>

/** What the stand-in of an application finds around it. */
export interface StandInWorld {
  /** The name of the environment, `drill` or `local`. */
  readonly environment: string
  /** Moves on by itself in a drill: for times that are shown or stored, not for how long something takes. */
  readonly clock: Pick<Clock, 'now'>
  /** The flags of the plan by name, read anew for each question as an application reads them, with their percentages. */
  readonly flags: Readonly<Record<string, Evaluator>>
  /** The value of an SSM parameter, in which `{env}` is filled in; `null` when there is none. */
  parameter(name: string): Promise<string | null>
  /**
   * One transaction on a connection of its own, as the role of the application. The embedded database has one connection: others
   * wait, and `work` must not ask for another one.
   */
  asRole<T>(role: string, work: (session: Session) => Promise<T>): Promise<T>
  /** Serves the routes on loopback until the stand-in ends. */
  serve(routes: Routes): Promise<string>
  /** Puts one value of a metric into CloudWatch, now. */
  measure(metric: MetricName, value: number): Promise<void>
  /** Aborts when the stand-in is to end. */
  readonly signal: AbortSignal
}

export interface StandIn {
  /** By service of the plan. */
  readonly urls: Readonly<Record<string, string>>
  /** Ends what it has begun by itself, such as a worker; what `serve` began ends anyway. */
  close(): Promise<void> | void
}

/** Starts the stand-in of a plan's application: `start` of `fixture/app.ts`. */
export type StartStandIn = (world: StandInWorld) => Promise<StandIn>

/** The stand-in of the plan in a folder; `null` where it has none. Throws `Plan.NoStandIn`. */
export const standInOf = async (directory: string): Promise<StartStandIn | null> => {
  const file = resolve(directory, 'fixture', 'app.ts')
  const present = await access(file).then(
    () => true,
    () => false,
  )
  if (!present) return null
  const { start } = (await import(pathToFileURL(file).href)) as { start?: unknown }
  if (typeof start === 'function') return start as StartStandIn
  throw new RollbackError('Plan.NoStandIn', `"${file}" does not export "start".`, {
    fix: 'Write one like plans/pgvector-search/fixture/app.ts, or remove the file.',
    category: 'usage',
  })
}
