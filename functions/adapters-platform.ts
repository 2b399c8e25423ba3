import { awsWorkloads } from '#aws/workloads.ts'
import type { Commands, Parameters } from '#core/ports-config.ts'
import type { ConfigMaps, Deliverer, Workloads } from '#core/ports-platform.ts'
import type { Capacities, DatabaseSnapshots, ParameterGroups } from '#core/ports-rds.ts'
import type { Services } from '#core/ports-services.ts'

/** Of what a deployment consists of, each loaded when it is called: few functions do. */
const parameters = async () => (await import('#aws/parameters.ts')).ssmParameters()
export const lazyParameters: Parameters = {
  read: async (...asked) => (await parameters()).read(...asked),
  below: async (...asked) => (await parameters()).below(...asked),
  write: async (...asked) => (await parameters()).write(...asked),
  compareSecret: async (...asked) => (await parameters()).compareSecret(...asked),
  restoreSecret: async (...asked) => (await parameters()).restoreSecret(...asked),
}

const commands = async () => (await import('#aws/commands.ts')).ssmCommands()
export const lazyCommands: Commands = {
  send: async (...asked) => (await commands()).send(...asked),
  find: async (...asked) => (await commands()).find(...asked),
  state: async (...asked) => (await commands()).state(...asked),
}

const rds = () => import('#aws/rds.ts')
export const lazyParameterGroups: ParameterGroups = {
  read: async (...asked) => (await rds()).rdsParameterGroups().read(...asked),
  write: async (...asked) => (await rds()).rdsParameterGroups().write(...asked),
  users: async (...asked) => (await rds()).rdsParameterGroups().users(...asked),
}
export const lazyCapacities: Capacities = {
  read: async (...asked) => (await rds()).rdsCapacities().read(...asked),
  write: async (...asked) => (await rds()).rdsCapacities().write(...asked),
}
export const lazyDatabaseSnapshots: DatabaseSnapshots = {
  find: async (...asked) => (await rds()).rdsSnapshots().find(...asked),
  start: async (...asked) => (await rds()).rdsSnapshots().start(...asked),
}

const configMaps = async () => (await import('#aws/config-maps.ts')).eksConfigMaps()
export const lazyConfigMaps: ConfigMaps = {
  read: async (...asked) => (await configMaps()).read(...asked),
  write: async (...asked) => (await configMaps()).write(...asked),
}

/** It loads the client of a platform by itself, when one of its workloads is named. */
export const lazyWorkloads: Workloads = awsWorkloads()

export const lazyDeliverer: Deliverer = {
  workloads: lazyWorkloads,
  async post(...asked) {
    const [{ signedWebhooks }, { ssmSecrets }] = await Promise.all([
      import('#aws/webhooks.ts'),
      import('#aws/secrets.ts'),
    ])
    return signedWebhooks(ssmSecrets()).post(...asked)
  },
  writtenAt: async (path) => (await import('#aws/flags.ts')).flagWrittenAt(path),
}

/** `reach`: whom it may call. */
export const lazyServices = (reach: 'internet' | 'loopback'): Services => ({
  async call(...asked) {
    const [{ httpServices }, { ssmSecrets }] = await Promise.all([
      import('#aws/services.ts'),
      import('#aws/secrets.ts'),
    ])
    return httpServices(ssmSecrets(), reach).call(...asked)
  },
})
