/** A parameter group, of instances or of Aurora clusters. */
export interface GroupName {
  readonly of: 'instance' | 'cluster'
  readonly group: string
}

/** A parameter in a group. `source`: `user` is a value that somebody has set; everything else is none of ours. */
export interface GroupParameter {
  readonly name: string
  /** `null` when the engine shows none. */
  readonly value: string | null
  readonly source: string
  readonly apply: 'dynamic' | 'static'
  readonly modifiable: boolean
}

/** A database that uses a group. `status` as RDS says: `in-sync`, `applying`, `pending-reboot`. */
export interface GroupUser {
  readonly name: string
  readonly status: string
}

/** Parameter groups of RDS. Each call throws `Rds.Unreachable`, `Rds.Denied`, `Rds.Refused`. */
export interface ParameterGroups {
  /** All parameters; `null` when there is no such group. */
  read(name: GroupName): Promise<GroupParameter[] | null>
  /** `value: null` takes a value away, so that the default of the engine counts again. At most 20. */
  write(name: GroupName, changes: readonly Pick<GroupParameter, 'name' | 'value' | 'apply'>[]): Promise<void>
  users(name: GroupName): Promise<GroupUser[]>
}

/** In ACU. A type and no interface, so that it is JSON. */
export type AcuRange = { readonly min: number; readonly max: number }

/** Capacity of Aurora Serverless v2. Throws as `ParameterGroups` does. */
export interface Capacities {
  /** `null` when there is no such cluster; `range: null` when it is not serverless. `status` as RDS says: `available`, `modifying`. */
  read(cluster: string): Promise<{ range: AcuRange | null; status: string } | null>
  /** `busy`: the cluster is in the middle of something else, and nothing was changed. */
  write(cluster: string, range: AcuRange): Promise<'taken' | 'busy'>
}

export interface SnapshotSource {
  readonly of: 'instance' | 'cluster'
  readonly name: string
}

/** Snapshots that RDS itself takes. Throws as `ParameterGroups` does. */
export interface DatabaseSnapshots {
  /** `status` as RDS says: `creating`, `available`, `failed`; `null` when there is none of that name. */
  find(source: SnapshotSource, id: string): Promise<{ status: string; percent: number } | null>
  /** `busy`: the database is in the middle of something else. One that is there already is no error. */
  start(
    source: SnapshotSource,
    id: string,
    tags: Readonly<Record<string, string>>,
  ): Promise<'started' | 'busy' | 'no such database'>
}
