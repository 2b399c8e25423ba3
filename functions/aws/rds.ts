import {
  CreateDBClusterSnapshotCommand,
  CreateDBSnapshotCommand,
  DescribeDBClusterSnapshotsCommand,
  DescribeDBSnapshotsCommand,
  ModifyDBClusterCommand,
  ModifyDBClusterParameterGroupCommand,
  ModifyDBParameterGroupCommand,
  type Parameter,
  paginateDescribeDBClusterParameters,
  paginateDescribeDBClusters,
  paginateDescribeDBInstances,
  paginateDescribeDBParameters,
  RDSClient,
  ResetDBClusterParameterGroupCommand,
  ResetDBParameterGroupCommand,
} from '@aws-sdk/client-rds'
import { LIMITS, memoised } from '#aws/clients.ts'
import { fromSdk, nameOf } from '#aws/sdk-errors.ts'
import type { Capacities, DatabaseSnapshots, GroupName, GroupParameter, ParameterGroups } from '#core/ports-rds.ts'

const clients = memoised<RDSClient>('RDS')
const client = (limits = LIMITS): RDSClient => clients(limits, ['idle', 'answer'], (common) => new RDSClient(common))

const NOT_THERE = /^DB(Cluster|Instance|ParameterGroup|ClusterParameterGroup|Snapshot|ClusterSnapshot)NotFound(Fault)?$/
const BUSY = /^InvalidDB(Cluster|Instance)State(Fault)?$/
const EXISTS = /^DB(Cluster)?SnapshotAlreadyExists(Fault)?$/

/** Runs one call; what it throws is named for the reader of the state machine. `instead`: an answer of RDS that is no failure. */
const ask = async <T>(
  what: { readonly doing: string; readonly action: string },
  call: () => Promise<T>,
  instead: (name: string) => T | undefined = () => undefined,
): Promise<T> => {
  try {
    return await call()
  } catch (error) {
    const answer = instead(nameOf(error))
    if (answer !== undefined) return answer
    const names = { unreachable: 'Rds.Unreachable', denied: 'Rds.Denied', rejected: 'Rds.Refused' } as const
    throw fromSdk(error, { ...what, ...names }, 'See what RDS says; correct the plan, or do this by hand.')
  }
}

const collected = async <T>(pages: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = []
  for await (const page of pages) found.push(page)
  return found
}

const parameterOf = (parameter: Parameter): GroupParameter[] =>
  parameter.ParameterName === undefined
    ? []
    : [
        {
          name: parameter.ParameterName,
          value: parameter.ParameterValue ?? null,
          source: parameter.Source ?? '',
          apply: parameter.ApplyType === 'static' ? 'static' : 'dynamic',
          modifiable: parameter.IsModifiable ?? false,
        },
      ]

/** What a static parameter is told with `immediate`, RDS refuses. */
const forRds = ({ name, value, apply }: Pick<GroupParameter, 'name' | 'value' | 'apply'>): Parameter => ({
  ParameterName: name,
  ...(value === null ? {} : { ParameterValue: value }),
  ApplyMethod: apply === 'static' ? 'pending-reboot' : 'immediate',
})

export const rdsParameterGroups = (limits = LIMITS): ParameterGroups => {
  const pagination = () => ({ client: client(limits) })
  const all = async ({ of, group }: GroupName): Promise<Parameter[]> => {
    const pages =
      of === 'cluster'
        ? await collected(paginateDescribeDBClusterParameters(pagination(), { DBClusterParameterGroupName: group }))
        : await collected(paginateDescribeDBParameters(pagination(), { DBParameterGroupName: group }))
    return pages.flatMap(({ Parameters }) => Parameters ?? [])
  }
  const change = async (kind: 'Modify' | 'Reset', { of, group }: GroupName, Parameters: Parameter[]): Promise<void> => {
    if (Parameters.length === 0) return
    const action = `rds:${kind}DB${of === 'cluster' ? 'Cluster' : ''}ParameterGroup`
    const ofInstances = { DBParameterGroupName: group, Parameters }
    const ofClusters = { DBClusterParameterGroupName: group, Parameters }
    await ask({ doing: `Changing parameter group "${group}"`, action }, async () => {
      if (of === 'cluster')
        await (kind === 'Modify'
          ? client(limits).send(new ModifyDBClusterParameterGroupCommand(ofClusters))
          : client(limits).send(new ResetDBClusterParameterGroupCommand(ofClusters)))
      else
        await (kind === 'Modify'
          ? client(limits).send(new ModifyDBParameterGroupCommand(ofInstances))
          : client(limits).send(new ResetDBParameterGroupCommand(ofInstances)))
    })
  }
  return {
    read: (name) =>
      ask<GroupParameter[] | null>(
        {
          doing: `Reading parameter group "${name.group}"`,
          action: `rds:DescribeDB${name.of === 'cluster' ? 'Cluster' : ''}Parameters`,
        },
        async () => (await all(name)).flatMap(parameterOf),
        (error) => (NOT_THERE.test(error) ? null : undefined),
      ),
    async write(name, changes) {
      await change('Modify', name, changes.filter(({ value }) => value !== null).map(forRds))
      await change('Reset', name, changes.filter(({ value }) => value === null).map(forRds))
    },
    users: ({ of, group }) =>
      of === 'cluster'
        ? ask({ doing: 'Reading the clusters', action: 'rds:DescribeDBClusters' }, async () =>
            (await collected(paginateDescribeDBClusters(pagination(), {})))
              .flatMap(({ DBClusters }) => DBClusters ?? [])
              .filter(({ DBClusterParameterGroup }) => DBClusterParameterGroup === group)
              .flatMap(({ DBClusterIdentifier, DBClusterMembers }) => {
                const states = (DBClusterMembers ?? []).map((member) => member.DBClusterParameterGroupStatus)
                const status = states.find((state) => state !== 'in-sync') ?? 'in-sync'
                return DBClusterIdentifier === undefined ? [] : [{ name: DBClusterIdentifier, status }]
              }),
          )
        : ask({ doing: 'Reading the instances', action: 'rds:DescribeDBInstances' }, async () =>
            (await collected(paginateDescribeDBInstances(pagination(), {})))
              .flatMap(({ DBInstances }) => DBInstances ?? [])
              .flatMap(({ DBInstanceIdentifier, DBParameterGroups }) => {
                const used = DBParameterGroups?.find(({ DBParameterGroupName }) => DBParameterGroupName === group)
                return used && DBInstanceIdentifier !== undefined
                  ? [{ name: DBInstanceIdentifier, status: used.ParameterApplyStatus ?? '' }]
                  : []
              }),
          ),
  }
}

export const rdsCapacities = (limits = LIMITS): Capacities => ({
  read: (cluster) =>
    ask<Awaited<ReturnType<Capacities['read']>>>(
      { doing: `Reading cluster "${cluster}"`, action: 'rds:DescribeDBClusters' },
      async () => {
        const asked = { DBClusterIdentifier: cluster }
        const pages = await collected(paginateDescribeDBClusters({ client: client(limits) }, asked))
        const [found] = pages.flatMap(({ DBClusters }) => DBClusters ?? [])
        const { MinCapacity, MaxCapacity } = found?.ServerlessV2ScalingConfiguration ?? {}
        const range =
          MinCapacity === undefined || MaxCapacity === undefined ? null : { min: MinCapacity, max: MaxCapacity }
        return found ? { range, status: found.Status ?? '' } : null
      },
      (error) => (NOT_THERE.test(error) ? null : undefined),
    ),
  async write(cluster, { min, max }) {
    const modify = new ModifyDBClusterCommand({
      DBClusterIdentifier: cluster,
      ServerlessV2ScalingConfiguration: { MinCapacity: min, MaxCapacity: max },
      ApplyImmediately: true,
    })
    return ask<'taken' | 'busy'>(
      { doing: `Changing the capacity of cluster "${cluster}"`, action: 'rds:ModifyDBCluster' },
      async () => {
        await client(limits).send(modify)
        return 'taken'
      },
      (error) => (BUSY.test(error) ? 'busy' : undefined),
    )
  },
})

export const rdsSnapshots = (limits = LIMITS): DatabaseSnapshots => ({
  find: ({ of }, id) =>
    ask<Awaited<ReturnType<DatabaseSnapshots['find']>>>(
      { doing: `Reading snapshot "${id}"`, action: `rds:DescribeDB${of === 'cluster' ? 'Cluster' : ''}Snapshots` },
      async () => {
        const found =
          of === 'cluster'
            ? (await client(limits).send(new DescribeDBClusterSnapshotsCommand({ DBClusterSnapshotIdentifier: id })))
                .DBClusterSnapshots?.[0]
            : (await client(limits).send(new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: id }))).DBSnapshots?.[0]
        return found ? { status: found.Status ?? '', percent: found.PercentProgress ?? 0 } : null
      },
      (error) => (NOT_THERE.test(error) ? null : undefined),
    ),
  start: ({ of, name }, id, tags) =>
    ask<Awaited<ReturnType<DatabaseSnapshots['start']>>>(
      {
        doing: `Taking snapshot "${id}" of ${of} "${name}"`,
        action: `rds:CreateDB${of === 'cluster' ? 'Cluster' : ''}Snapshot and rds:AddTagsToResource`,
      },
      async () => {
        const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
        await (of === 'cluster'
          ? client(limits).send(
              new CreateDBClusterSnapshotCommand({ DBClusterIdentifier: name, DBClusterSnapshotIdentifier: id, Tags }),
            )
          : client(limits).send(
              new CreateDBSnapshotCommand({ DBInstanceIdentifier: name, DBSnapshotIdentifier: id, Tags }),
            ))
        return 'started'
      },
      (error) => {
        if (BUSY.test(error)) return 'busy'
        if (EXISTS.test(error)) return 'started'
        return NOT_THERE.test(error) ? 'no such database' : undefined
      },
    ),
})
