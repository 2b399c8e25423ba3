import type {
  Alarms,
  Database,
  Executions,
  FlagHistory,
  Flags,
  MetricHistory,
  Notifier,
  Objects,
  Signer,
} from '#core/ports.ts'

/**
 * The adapters of the ports, each loaded when it is wanted: a function reads from disk what it calls, and no client of another
 * service. `preload` begins before the first event, while Lambda gives the whole processor.
 */
const LOADERS = {
  flags: () => import('#aws/flags.ts'),
  flagHistory: () => import('#aws/flag-history.ts'),
  objects: () => import('#aws/objects.ts'),
  database: () => import('#aws/postgres.ts'),
  notifier: async () => {
    const [ways, secrets] = await Promise.all([import('#aws/notifier.ts'), import('#aws/secrets.ts')])
    return { ...ways, ...secrets }
  },
  executions: () => import('#aws/executions.ts'),
  signer: () => import('#aws/signer.ts'),
  alarms: () => import('#aws/alarms.ts'),
  metricHistory: () => import('#aws/metric-history.ts'),
} as const

const hasLoader = (need: string): need is keyof typeof LOADERS => Object.hasOwn(LOADERS, need)

/** Loads what the ports of these names need; the others need nothing. */
export const preload = async (needs: readonly string[]): Promise<void> => {
  await Promise.all(needs.filter(hasLoader).map((need) => LOADERS[need]()))
}

const flags = async () => (await LOADERS.flags()).ssmFlags()
export const lazyFlags: Flags = {
  read: async (...asked) => (await flags()).read(...asked),
  write: async (...asked) => (await flags()).write(...asked),
}

export const lazyFlagHistory: FlagHistory = {
  changes: async (...asked) => (await LOADERS.flagHistory()).ssmFlagHistory().changes(...asked),
}

/** The bucket of that name; `keyFor` as `s3Objects` takes it. */
export const lazyObjects = (bucket: () => string, keyFor: (key: string) => string | undefined): Objects => {
  const objects = async () => (await LOADERS.objects()).s3Objects(bucket(), undefined, keyFor)
  return {
    head: async (...asked) => (await objects()).head(...asked),
    read: async (...asked) => (await objects()).read(...asked),
    stream: async (...asked) => (await objects()).stream(...asked),
    write: async (...asked) => (await objects()).write(...asked),
    upload: async (...asked) => (await objects()).upload(...asked),
    async *list(...asked) {
      yield* (await objects()).list(...asked)
    },
  }
}

interface Ways {
  readonly people: () => string
  readonly chat: () => string | undefined
}

export const lazyNotifier = (to: Ways): Notifier => {
  const ways = async () => {
    const { notifier, ssmSecrets } = await LOADERS.notifier()
    return notifier({ ...to, secrets: ssmSecrets() })
  }
  return {
    send: async (...asked) => (await ways()).send(...asked),
    chat: async (...asked) => (await ways()).chat(...asked),
    post: async (...asked) => (await ways()).post(...asked),
  }
}

export const lazyExecutions = (stateMachine: () => string): Executions => {
  const executions = async () => (await LOADERS.executions()).sfnExecutions(stateMachine())
  return {
    start: async (...asked) => (await executions()).start(...asked),
    status: async (...asked) => (await executions()).status(...asked),
    knows: async (...asked) => (await executions()).knows(...asked),
    history: async (...asked) => (await executions()).history(...asked),
    succeed: async (...asked) => (await executions()).succeed(...asked),
    fail: async (...asked) => (await executions()).fail(...asked),
  }
}

export const lazySigner = (key: () => string): Signer => {
  const signer = async () => (await LOADERS.signer()).kmsSigner(key())
  return {
    sign: async (...asked) => (await signer()).sign(...asked),
    publicKey: async () => (await signer()).publicKey(),
  }
}

export const lazyAlarms: Alarms = {
  describe: async (...asked) => (await LOADERS.alarms()).cloudwatchAlarms().describe(...asked),
  changes: async (...asked) => (await LOADERS.alarms()).cloudwatchAlarms().changes(...asked),
}

export const lazyMetricHistory: MetricHistory = {
  series: async (...asked) => (await LOADERS.metricHistory()).cloudwatchMetricHistory().series(...asked),
}

/** A real server: `label` is what `readAddress` makes of the URL, and needs no driver. */
export const lazyPostgres = (config: { url: string; iam: boolean; label: string }): Database => ({
  label: config.label,
  kind: 'server',
  session: async (options, work) => (await LOADERS.database()).postgres(config).session(options, work),
})
