import type { Clock } from '#core/ports.ts'
import type { HistoryEvent } from './history.ts'

/** How a task that waits for its token ended. `null` is an error or cause that SendTaskFailure left out. */
export type TokenOutcome =
  | { readonly kind: 'succeeded'; readonly output: unknown }
  | { readonly kind: 'failed'; readonly error: string | null; readonly cause: string | null }

/** One attempt's token. */
export interface OpenToken {
  readonly token: string
  /** Settles only when the token is answered. */
  readonly outcome: Promise<TokenOutcome>
  /** From now on the token is void. */
  close(): void
}

/** The interpreter's side of the task tokens; `taskTokens()` is an implementation with the side of the API. */
export interface Tokens {
  /** A new token. `onHeartbeat` is called for each heartbeat. */
  open(onHeartbeat: () => void): OpenToken
}

/** Everything the interpreter does to the world. */
export interface Environment {
  /**
   * Resolves to the payload the function answers with; throws `LambdaError` when the function fails (any other error
   * counts as one with the error's name and message). The signal aborts when the task times out or is given up; what
   * comes after that is ignored.
   */
  invoke(functionName: string, payload: unknown, options: { signal: AbortSignal }): Promise<unknown>
  /** Reads a Map's list. Resolves to the parsed JSON; whatever it throws is `States.ItemReaderFailed`. */
  readItems(reader: { bucket: string; key: string }): Promise<unknown>
  /** Writes what became of a Map's children, as JSON. Whatever it throws is `States.ResultWriterFailed`. */
  writeResults(writer: { bucket: string; key: string }, results: unknown): Promise<void>
  /** Of Wait, of the delays of Retry and of every time-out. */
  readonly clock: Clock
  /** What a Wait state of that name does instead of sleeping: `false` is to sleep. */
  readonly passes?: (state: string, milliseconds: number) => boolean | Promise<boolean>
  /** In [0, 1): jitter and `$random()`. */
  random(): number
  readonly tokens: Tokens
  /**
   * Takes each event of the history as it happens. `executionArn` is the execution's own, or that of a child of a
   * distributed Map: AWS keeps the history of each child apart, with ids that begin at 1 again.
   */
  onEvent(event: HistoryEvent, executionArn: string): void
}
