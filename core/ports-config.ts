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
