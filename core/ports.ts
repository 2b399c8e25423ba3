import type { FlagPath, IncidentId, Path, PlanName } from '#core/names.ts'
import type { Sql } from '#core/sql/tag.ts'

export type { ServiceAnswer, ServiceCall, Services } from './ports-services.ts'

/** Feature flags: SSM parameters of type String. */
export interface Flags {
  /** `null` when the parameter does not exist. Throws `Flag.Unreadable`. */
  read(path: FlagPath): Promise<{ value: string; version: number } | null>
  /** Creates or overwrites. Resolves to the version written. Throws `Flag.NotWritten`. */
  write(path: FlagPath, value: string): Promise<{ version: number }>
}

export interface ObjectHead {
  readonly key: string
  readonly bytes: number
  readonly etag: string
}

/** The bucket. Keys have no leading slash. */
export interface Objects {
  /** `null` when there is no such key. Throws `Bucket.Unreachable`. */
  head(key: string): Promise<ObjectHead | null>
  /** The whole object, for small ones (JSON). `null` when there is no such key. */
  read(key: string): Promise<{ body: Uint8Array; etag: string } | null>
  /** Streams an object; throws `Bucket.NoSuchKey` when it is not there. */
  stream(key: string, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>>
  /**
   * Writes a small object.
   * `ifAbsent`: write-once (If-None-Match: *). `ifMatch`: compare-and-swap on the etag read before.
   * Resolves to `null` when the condition does not hold (409 or 412), else to the new etag.
   */
  write(
    key: string,
    body: Uint8Array | string,
    condition?: { ifAbsent: true } | { ifMatch: string },
    contentType?: string,
  ): Promise<{ etag: string } | null>
  /**
   * Streams an object of unknown length in parts (multipart), with backpressure; aborted as a whole on any error, so
   * that a half-written object never exists. Overwrites: what must be write-once goes through `write`.
   */
  upload(key: string, body: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<{ etag: string; bytes: number }>
  /** All keys with the prefix, in UTF-8 order, page by page. `modified`: when the object was written, by the bucket's clock. */
  list(prefix: string): AsyncIterable<{ key: string; bytes: number; etag: string; modified: Date }>
}

/** Bytes that were sent for an object that never came to be. They are no object, and cost as much as one. */
export interface UnfinishedUpload {
  readonly key: string
  readonly id: string
  readonly startedAt: Date
}

/**
 * The bucket of a person who clears up. A port of its own, so that no step can be written that deletes: the roles of the
 * functions may not, and are denied it by the bucket.
 */
export interface SweptObjects extends Objects {
  /** Deletes an object; one that is not there is no error. A bucket with versions keeps the bytes behind a marker. */
  delete(key: string): Promise<void>
  /** Multipart uploads with the prefix that are neither completed nor aborted, page by page. */
  uploads(prefix: string): AsyncIterable<UnfinishedUpload>
  /** Ends an upload and deletes its bytes; one that has ended since is no error. */
  abort(upload: Pick<UnfinishedUpload, 'key' | 'id'>): Promise<void>
}

export type Row = Record<string, unknown>

/** One connection to the database, for the length of one `Database.session`. Statements run one after the other. */
export interface Session {
  /** Rows have the types of `pg`'s defaults, except that int8 and numeric are strings and json is parsed. */
  query<R extends Row = Row>(statement: Sql): Promise<{ rows: R[]; rowCount: number }>
  /** Runs SQL text of several statements by the simple protocol (a plan's file). Stops at the first error. */
  script(text: string): Promise<void>
  /**
   * Runs `work` between BEGIN and COMMIT; ROLLBACK when it throws. A COMMIT whose answer is lost is `Postgres.Unknown`.
   * `isolation` defaults to read committed.
   */
  transaction<T>(work: () => Promise<T>, options?: { isolation?: 'repeatable read'; readOnly?: boolean }): Promise<T>
  /**
   * The bytes of `copy (…) to stdout` in binary format, with backpressure. Must be consumed or the session ends. A chunk is its
   * reader's until it asks for the next one.
   */
  copyOut(statement: Sql, signal?: AbortSignal): AsyncIterable<Uint8Array>
  /** Feeds `copy … from stdin`; resolves to the number of rows. */
  copyIn(statement: Sql, body: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<number>
  /**
   * Starts a long statement (an index build) and waits at most `milliseconds`. `finished: false` means that the socket was
   * destroyed and the statement goes on in the server; the session cannot be used afterwards.
   */
  startLong(statement: Sql, milliseconds: number): Promise<{ finished: boolean }>
}

export interface SessionOptions {
  /** Shown in pg_stat_activity; a takeover ends backends by it. At most 63 bytes. */
  readonly applicationName: string
  /** Milliseconds; 0 means none. Default 30,000. */
  readonly statementTimeout?: number
  readonly signal?: AbortSignal
  /** `false` only for a plan's own SQL that relies on the role's search_path; the default empties it. */
  readonly keepSearchPath?: boolean
}

/** The database that a plan protects. */
export interface Database {
  /** What this database is, for people: host, port and name, never a password. */
  readonly label: string
  /** `embedded` has one session, no other clients and a superuser; `server` is a real one. */
  readonly kind: 'server' | 'embedded'
  /** Opens a connection for `work` and closes it. Throws `Postgres.*`. Sessions must not be nested. */
  session<T>(options: SessionOptions, work: (session: Session) => Promise<T>): Promise<T>
}

/** One message to people. What subscriptions filter on stands in fields of its own. */
export interface Notification {
  readonly plan: PlanName
  readonly incident: IncidentId | null
  readonly event: string
  readonly severity: 'info' | 'warning' | 'critical'
  readonly subject: string
  /** The text of an e-mail. */
  readonly body: string
  readonly environment: string
  readonly path: Path | null
  readonly signal: string | null
  /** A drill, so that a subscription can leave it out. */
  readonly drill: boolean
  /** Roles that are called by name. */
  readonly roles?: readonly string[]
  /** For a telephone. */
  readonly sms: string
  /** For machines that subscribe; JSON. */
  readonly document: unknown
  /** In the form that the chat renders, see `core/notice/chat.ts`; JSON. */
  readonly chat: unknown
}

/** A call of a webhook, complete but for its signature. */
export interface WebhookCall {
  readonly url: string
  /** Name of the SSM parameter with the key of the signature. */
  readonly secret: string
  /** The same for every repetition of the same message. */
  readonly idempotencyKey: string
  /** JSON text. */
  readonly body: string
  /** Whether loopback and plain HTTP are this environment's own: on a developer's machine alone. */
  readonly reach: 'internet' | 'loopback'
}

/** People: by SNS, in the chat, and by webhooks. */
export interface Notifier {
  /** Resolves to the message id. Throws `Notification.NotDelivered`. */
  send(notification: Notification): Promise<{ id: string }>
  /** To the topic of the chat; `null` where the environment has none. Throws `Notification.NotDelivered`. */
  chat(notification: Notification): Promise<{ id: string } | null>
  /** Signs and posts. Resolves to the status, a 2xx. Throws `Webhook.NotDelivered`, `Webhook.Refused`, `Secret.Unreadable`. */
  post(call: WebhookCall): Promise<{ status: number }>
}

/** Secrets: SSM parameters of type SecureString. */
export interface Secrets {
  /** Throws `Secret.Unreadable`; the value stands in no message. */
  read(path: string): Promise<string>
}

/** A state as the execution went through it; times in ISO 8601. */
export interface VisitedState {
  readonly name: string
  readonly startedAt: string
  /** `null` while it has not ended. Milliseconds. */
  readonly ms: number | null
  /** Calls of the state's task, 1 when it was not retried. */
  readonly attempts: number
  readonly status: 'succeeded' | 'failed' | 'running'
  readonly error: string | null
}

/** Values of one metric, measured at one moment. At least one, each within ±2^360. */
export interface MetricValue {
  readonly namespace: string
  readonly name: string
  readonly dimensions: Readonly<Record<string, string>>
  /** As CloudWatch names it; `None` where it has no name for it. */
  readonly unit: string
  readonly values: readonly number[]
}

/** Metrics that leave with the log: nothing is called, and nothing is waited for. */
export interface Metrics {
  /** `properties` stand beside the values in the log and are no metrics: what a person wants to search for. */
  publish(at: Date, values: readonly MetricValue[], properties?: Readonly<Record<string, unknown>>): void
}

/** The state machine. */
export interface Executions {
  /** Resolves to `started: false` when the name was used already. Throws `StateMachine.Unreachable`. */
  start(name: string, input: unknown): Promise<{ arn: string; started: boolean }>
  /** `gone` when no such execution is known. */
  status(arn: string): Promise<'running' | 'ended' | 'gone'>
  /** Whether an execution of that name was started; Step Functions forgets 90 days after its end. */
  knows(name: string): Promise<boolean>
  history(arn: string): Promise<VisitedState[]>
  succeed(taskToken: string, output: unknown): Promise<void>
  fail(taskToken: string, error: string, cause: string): Promise<void>
}

/** The deployment's own key. Only the function that takes the answers of people may sign with it. */
export interface Signer {
  /** ECDSA on P-256 over SHA-256 of the text (at most 4,096 bytes), DER, in base64. Throws `Signer.*`. */
  sign(text: string): Promise<string>
  /** The key that checks what was signed: DER of its SubjectPublicKeyInfo, in base64. */
  publicKey(): Promise<string>
}

/** The state of a CloudWatch alarm as it is now. */
export interface DescribedAlarm {
  readonly name: string
  readonly state: 'ALARM' | 'OK' | 'INSUFFICIENT_DATA'
  /** ISO 8601, in milliseconds: when it changed to this state, as the event of that change says. */
  readonly since: string
  readonly reason: string
}

/** A change of an alarm's state. `at` in ISO 8601. */
export interface AlarmChange {
  readonly alarm: string
  readonly at: string
  readonly from: DescribedAlarm['state']
  readonly to: DescribedAlarm['state']
}

/** From included, to excluded. */
export interface TimeWindow {
  readonly from: Date
  readonly to: Date
}

/** CloudWatch's alarms, metric and composite. */
export interface Alarms {
  /** Those of the names that there are, in no order. Throws `Alarms.Unreadable`. */
  describe(names: readonly string[]): Promise<DescribedAlarm[]>
  /** Oldest first. CloudWatch forgets after 30 days. Throws `Alarms.Unreadable`. */
  changes(name: string, window: TimeWindow): Promise<AlarmChange[]>
}

/** One CloudWatch metric, by exactly these dimensions. */
export interface MetricName {
  readonly namespace: string
  readonly name: string
  readonly dimensions: Readonly<Record<string, string>>
}

/** What CloudWatch has of a metric. */
export interface MetricHistory {
  /**
   * The statistic (`Average`, `p95`, …) over each period of so many seconds that has data, oldest first. Throws
   * `Metric.Unreadable`.
   */
  series(metric: MetricName, statistic: string, window: TimeWindow, periodSeconds: number): Promise<number[]>
}

/** A value that a parameter once got. `at` in ISO 8601; `by` is the ARN of who wrote it. */
export interface ParameterChange {
  readonly at: string
  readonly value: string
  readonly by: string
}

/** What became of flags over time. */
export interface FlagHistory {
  /** Oldest first; at most the last 100. None when the parameter does not exist. Throws `Flag.Unreadable`. */
  changes(path: FlagPath): Promise<ParameterChange[]>
}

export interface Clock {
  now(): Date
  /** Resolves after that many milliseconds; rejects when the signal aborts. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>
}
