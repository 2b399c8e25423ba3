import type { Path, Table } from '#core/names.ts'
import type { Moment } from '#core/plan/vocabulary.ts'

/** Something that a path would do, in its order. */
export type PreviewLine =
  | {
      readonly kind: 'statement'
      readonly sql: string
      /** The lock that it takes and on what, for people: `ACCESS EXCLUSIVE on public.embeddings`. */
      readonly lock: string
      readonly note?: string
    }
  /** What is no statement, or none whose text is known before it runs. */
  | { readonly kind: 'action'; readonly text: string }

export interface PreviewStage {
  readonly title: string
  readonly lines: readonly PreviewLine[]
}

export interface TableSize extends Table {
  /** `null`: never counted by the server, and too much to count now. */
  readonly rows: number | null
  /** `false`: the server's estimate. */
  readonly counted: boolean
  /** With indexes and TOAST. */
  readonly bytes: number
}

/** What a purge would destroy for good, once approved. */
export interface Destruction {
  readonly tables: readonly TableSize[]
  /** `table public.embeddings`: what goes, parts included. */
  readonly objects: readonly string[]
  readonly extension: { readonly name: string; readonly kept: string | null } | null
}

export type Destroys = Destruction | 'nothing' | 'not looked at'

/** Why the path would be refused. */
export interface Refusal {
  /** Name of the error: `Retire.Refused`. */
  readonly name: string
  readonly message: string
  readonly fix: string
}

export interface Approval {
  readonly purpose: 'proceed' | 'purge' | 'replace' | 're-enable'
  /** Asked only when this signal has started the path; `null`: always. */
  readonly signal: string | null
  readonly roles: readonly string[]
  /** How many different people. */
  readonly people: number
  /** Milliseconds that the question stays open. */
  readonly within: number
  /** What they attest. */
  readonly gates: readonly string[]
}

/** What a path would do, from the plan and, where it was looked at, from the database. JSON. */
export interface Preview {
  readonly plan: string
  readonly planDigest: string
  readonly path: Path
  /** Of the path partial, where one was asked for. */
  readonly scenario?: string
  /** `null`: no database was looked at. */
  readonly database: string | null
  readonly flags: readonly {
    readonly name: string
    readonly parameter: string
    readonly safe: string
    readonly delivery: string
    readonly within: number
  }[]
  readonly stages: readonly PreviewStage[]
  /** Tables that the path concerns, as they are now. */
  readonly tables: readonly TableSize[]
  readonly destroys: Destroys
  readonly checks: readonly { readonly name: string; readonly describe: string; readonly after: readonly Moment[] }[]
  readonly approvals: readonly Approval[]
  /** Milliseconds: of the whole path, and the longest that another session may be made to wait. */
  readonly budgets: { readonly path: number; readonly lock: number }
  /** Not empty: the path would be refused. */
  readonly refusals: readonly Refusal[]
  /** No reasons to refuse, and yet worth knowing before. */
  readonly notes: readonly string[]
  readonly notLookedAt: readonly string[]
}

/** What looking at the database adds to what the plan says. */
export interface Findings {
  /** In place of those that the plan alone tells of. */
  readonly approvals?: readonly Approval[]
  readonly stages: readonly PreviewStage[]
  readonly tables: readonly TableSize[]
  readonly destroys: Destroys
  readonly refusals: readonly Refusal[]
  readonly notes: readonly string[]
  readonly notLookedAt: readonly string[]
}
