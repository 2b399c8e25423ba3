/** A parameter of Parameter Store as it is now. `modified` in ISO 8601. */
export interface StoredParameter {
  readonly name: string
  readonly type: 'String' | 'StringList' | 'SecureString'
  readonly version: number
  readonly modified: string
  /** `null` of a SecureString: its value is nothing for a record. */
  readonly value: string | null
}

/** A version of a SecureString. A parameter that is deleted and made anew counts from 1 again: hence also the time. */
export interface SecretVersion {
  readonly version: number
  readonly modified: string
}

/** Configuration in SSM Parameter Store. Each call throws `Parameter.Unreadable`, `Parameter.NotWritten`, `Parameter.Denied`. */
export interface Parameters {
  /** Those of the names that there are, in no order. */
  read(names: readonly string[]): Promise<StoredParameter[]>
  /** Everything below a folder, which ends with `/`, at any depth. */
  below(folder: string): Promise<StoredParameter[]>
  /** Creates or overwrites. */
  write(name: string, value: string, type: 'String' | 'StringList'): Promise<{ version: number }>
  /** Whether the newest value of a SecureString is that of the version; `gone` when there is no such version any more. */
  compareSecret(name: string, earlier: SecretVersion): Promise<'same' | 'other' | 'gone'>
  /** Writes a version of a SecureString once more, encrypted with the same key. The value stays inside; see `compareSecret` first. */
  restoreSecret(name: string, earlier: SecretVersion): Promise<{ version: number }>
}

/** What is run where. `comment`, at most 100 characters, is what the command is found by again. */
export interface CommandCall {
  readonly document: string
  readonly targets: Readonly<Record<string, readonly string[]>>
  readonly parameters: Readonly<Record<string, readonly string[]>>
  readonly comment: string
}

/** One instance. `status` as SSM says: `InProgress`, `Success`, `TimedOut`; `output` is cut off by SSM at 2,500 characters. */
export interface CommandInvocation {
  readonly target: string
  readonly status: string
  readonly output: string
}

/** SSM Run Command. Each call throws `Command.Unreachable`, `Command.Denied`, `Command.Refused`. */
export interface Commands {
  /** Resolves to the id of the command. SSM knows no idempotency: see `find` first. */
  send(call: CommandCall): Promise<string>
  /** A command with that comment, sent since; `null` when there is none. */
  find(comment: string, since: Date): Promise<string | null>
  /** `status`: empty until SSM shows the command. `targets`: on how many instances it was to run; 0 until SSM has found them, and when there are none. */
  state(
    id: string,
  ): Promise<{ readonly status: string; readonly targets: number; readonly invocations: CommandInvocation[] }>
}
