import type { FlagPath } from '#core/names.ts'
import type { ConfigMapPlace, Workload } from '#core/plan/workloads.ts'
import type { Notifier } from '#core/ports.ts'

/** How far the newest rollout of a workload is. */
export interface Rollout {
  /** Another one for each rollout. */
  readonly id: string
  /** ISO 8601. What it starts reads its configuration later; `null` where the platform does not say, and marks do. */
  readonly began: string | null
  /** All that is wanted runs, is healthy, and nothing from before runs any more. */
  readonly done: boolean
  /** Why the platform has given it up; `null` as long as it goes on. */
  readonly stuck: string | null
  /** `2 of 3 pods are new and healthy`. */
  readonly detail: string
  /** What still runs from before: `2 tasks of web:42`, names of pods. */
  readonly behind: readonly string[]
}

export interface WorkloadState {
  /** What runs, by the name that the platform can find it by again: a restart does not change it on ECS and Kubernetes. */
  readonly version: string
  /** How many are wanted; `null` where nobody says so (Lambda). */
  readonly count: number | null
  readonly rollout: Rollout
  /** What restarts have left on what runs now, by name; empty where the platform keeps none. */
  readonly marks: Readonly<Record<string, string>>
}

/** A version that a workload had. `images` as the platform names them; none of a Lambda function from an archive. */
export interface WorkloadVersion {
  readonly version: string
  readonly images: readonly string[]
  /** For people: `revision 3`, `web:41`. */
  readonly label: string
}

/** What a restart leaves on the workload, so that it is found done: names of upper-case letters, digits and "_". */
export interface RestartMarks {
  readonly marks: Readonly<Record<string, string>>
  /** Variables of the environment that it sets as well; where the platform has no place for them, there are none. */
  readonly variables: Readonly<Record<string, string>>
}

/**
 * ECS services, Lambda aliases and deployments of EKS. All throw `Workload.Unreachable`, `Workload.Denied`, `Workload.Missing`
 * (there is no such workload) and `Workload.Rejected`. What changes may be called again: it finds its work begun.
 */
export interface Workloads {
  look(workload: Workload): Promise<WorkloadState>
  /** A version that can be deployed, by its name. Throws `Workload.NoSuchVersion`. */
  version(workload: Workload, name: string): Promise<WorkloadVersion>
  /** The versions that the platform still has, newest first. */
  versions(workload: Workload): Promise<readonly WorkloadVersion[]>
  /** Starts a rollout of the version; what restarts of flags have set stays. `count: null` leaves the count alone. */
  deploy(workload: Workload, version: string, count: number | null): Promise<void>
  /**
   * Starts the workload anew. Called again with the same marks it goes on where it was (Lambda) or changes nothing
   * (Kubernetes); on ECS, which keeps no marks, every call is a rollout. Throws `Workload.Drifted`.
   */
  restart(workload: Workload, how: RestartMarks): Promise<void>
  scale(workload: Workload, count: number): Promise<void>
}

/** What brings a flag to an application that does not ask for it. */
export interface Deliverer {
  readonly workloads: Workloads
  /** Signs and posts, as `Notifier` does. */
  readonly post: Notifier['post']
  /** When the present value was written; `null` when the parameter does not exist. Throws `Flag.Unreadable`. */
  writtenAt(path: FlagPath): Promise<Date | null>
}

/** A ConfigMap; `version` changes with each write. */
export interface ConfigMapState {
  readonly data: Readonly<Record<string, string>>
  readonly version: string
}

/** ConfigMaps of Kubernetes clusters in EKS. Throws as `Workloads` does. */
export interface ConfigMaps {
  read(place: ConfigMapPlace): Promise<ConfigMapState>
  /** Replaces the data of the version that was read. `false` when it is another version by now. Throws `ConfigMap.Immutable`. */
  write(place: ConfigMapPlace, data: Readonly<Record<string, string>>, version: string): Promise<boolean>
}
