import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeDurably } from './durable-file.ts'
import { ApiError } from './json-protocol.ts'
import { formEntries, queryService, type Xml } from './query-protocol.ts'
import { emptyRds, type RdsState, StoredRds } from './rds-state.ts'
import type { Service } from './service.ts'

export interface RdsService extends Service {
  /** Brings RDS to what a fixture says of it; what it does not name stays as it is. Nothing waits for a reboot then. */
  load(state: RdsState): void
  /** Snapshots by their names. */
  snapshots(): StoredRds['snapshots']
}

type Of = 'instance' | 'cluster'

const MAX_PARAMETERS = 20
const PAGE = 100

const load = (path: string): StoredRds => {
  try {
    return StoredRds.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return emptyRds()
    throw error
  }
}

/**
 * RDS: DescribeDB(Cluster)Parameters, ModifyDB(Cluster)ParameterGroup, ResetDB(Cluster)ParameterGroup of named parameters,
 * DescribeDBInstances, DescribeDBClusters, ModifyDBCluster (capacity of Serverless v2 alone), CreateDB(Cluster)Snapshot,
 * DescribeDB(Cluster)Snapshots. What is modified is so at once, a snapshot is there at the second look; a static parameter
 * waits for a reboot, which nobody serves. Kept in `<directory>/rds.json`.
 */
export const rdsService = ({ directory }: { directory: string }): RdsService => {
  const path = join(directory, 'rds.json')
  let stored = load(path)
  /** Snapshots that were looked at: the first look finds them in the making. */
  const seen = new Set<string>()
  const save = (next: StoredRds): void => {
    writeDurably(path, `${JSON.stringify(next, null, 2)}\n`)
    stored = next
  }
  const groupOf = (of: Of, form: URLSearchParams) => {
    const name = form.get(of === 'cluster' ? 'DBClusterParameterGroupName' : 'DBParameterGroupName') ?? ''
    const group = stored.state['parameter-groups'][name]
    // RDS names a group of clusters that is not there as one of instances.
    if (group?.of !== of) throw new ApiError('DBParameterGroupNotFound', `DBParameterGroup not found: ${name}`, 404)
    return { name, group }
  }
  const usersOf = (of: Of, group: string): string[] =>
    Object.entries(of === 'cluster' ? stored.state.clusters : stored.state.instances).flatMap(([name, one]) =>
      one['parameter-group'] === group ? [`${of}/${name}`] : [],
    )

  const describeParameters = (of: Of) => (form: URLSearchParams) => {
    const all = Object.entries(groupOf(of, form).group.parameters)
    const from = Number(form.get('Marker') ?? 0)
    const Parameter = all.slice(from, from + PAGE).map(([ParameterName, { value, default: byEngine, apply }]) => {
      const shown = value ?? byEngine
      return {
        ParameterName,
        ...(shown === undefined ? {} : { ParameterValue: shown }),
        Source: typeof value === 'string' ? 'user' : 'engine-default',
        ApplyType: apply,
        IsModifiable: 'true',
      }
    })
    return { Parameters: { Parameter }, ...(from + PAGE < all.length ? { Marker: String(from + PAGE) } : {}) }
  }

  const changeParameters = (of: Of, kind: 'modify' | 'reset') => (form: URLSearchParams) => {
    const { name, group } = groupOf(of, form)
    const entries = formEntries(form, 'Parameters.Parameter')
    if (entries.length === 0 || entries.length > MAX_PARAMETERS)
      throw new ApiError('InvalidParameterValue', `From 1 to ${MAX_PARAMETERS} parameters can be changed at once.`)
    const parameters = { ...group.parameters }
    let waits = false
    for (const { ParameterName = '', ParameterValue, ApplyMethod } of entries) {
      const known = parameters[ParameterName]
      if (!known) throw new ApiError('InvalidParameterValue', `Could not find parameter with name: ${ParameterName}`)
      if (known.apply === 'static' && ApplyMethod !== 'pending-reboot')
        throw new ApiError('InvalidParameterCombination', 'cannot use immediate apply method for static parameter')
      if (kind === 'modify' && ParameterValue === undefined)
        throw new ApiError('InvalidParameterValue', `There is no value for ${ParameterName}.`)
      parameters[ParameterName] = { ...known, value: kind === 'modify' ? (ParameterValue ?? null) : null }
      waits ||= known.apply === 'static'
    }
    const groups = { ...stored.state['parameter-groups'], [name]: { ...group, parameters } }
    const waiting = waits ? [...new Set([...stored.waiting, ...usersOf(of, name)])] : stored.waiting
    save({ ...stored, state: { ...stored.state, 'parameter-groups': groups }, waiting })
    return { [of === 'cluster' ? 'DBClusterParameterGroupName' : 'DBParameterGroupName']: name }
  }

  const statusOf = (of: Of, name: string): string =>
    stored.waiting.includes(`${of}/${name}`) ? 'pending-reboot' : 'in-sync'

  const cluster = (name: string): Xml => {
    const { min, max, status, 'parameter-group': group } = stored.state.clusters[name] ?? { status: '' }
    return {
      DBClusterIdentifier: name,
      Status: status,
      ...(group === undefined
        ? {}
        : {
            DBClusterParameterGroup: group,
            DBClusterMembers: {
              DBClusterMember: [
                { DBInstanceIdentifier: `${name}-1`, DBClusterParameterGroupStatus: statusOf('cluster', name) },
              ],
            },
          }),
      ...(min === undefined || max === undefined
        ? {}
        : { ServerlessV2ScalingConfiguration: { MinCapacity: String(min), MaxCapacity: String(max) } }),
    }
  }
  const knownCluster = (form: URLSearchParams): string => {
    const name = form.get('DBClusterIdentifier') ?? ''
    if (!stored.state.clusters[name]) throw new ApiError('DBClusterNotFoundFault', `DBCluster ${name} not found.`, 404)
    return name
  }

  const snapshotXml = (of: Of, id: string): Xml => {
    const status = seen.has(id)
      ? { Status: 'available', PercentProgress: '100' }
      : { Status: 'creating', PercentProgress: '0' }
    return { [of === 'cluster' ? 'DBClusterSnapshotIdentifier' : 'DBSnapshotIdentifier']: id, ...status }
  }
  const createSnapshot = (of: Of) => (form: URLSearchParams) => {
    const label = of === 'cluster' ? 'DBCluster' : 'DB'
    const id = form.get(`${label}SnapshotIdentifier`) ?? ''
    if (!/^(?!.*--)[A-Za-z][A-Za-z0-9-]{0,62}(?<!-)$/.test(id))
      throw new ApiError('InvalidParameterValue', `Invalid snapshot identifier: ${id}`)
    const source = form.get(of === 'cluster' ? 'DBClusterIdentifier' : 'DBInstanceIdentifier') ?? ''
    const database = (of === 'cluster' ? stored.state.clusters : stored.state.instances)[source]
    if (!database)
      throw new ApiError(
        of === 'cluster' ? 'DBClusterNotFoundFault' : 'DBInstanceNotFound',
        `${source} not found.`,
        404,
      )
    if (database.status !== 'available')
      throw new ApiError(
        of === 'cluster' ? 'InvalidDBClusterStateFault' : 'InvalidDBInstanceState',
        `${source} is ${database.status}.`,
      )
    if (stored.snapshots[id])
      throw new ApiError(
        of === 'cluster' ? 'DBClusterSnapshotAlreadyExistsFault' : 'DBSnapshotAlreadyExists',
        `${id} already exists.`,
      )
    const tags = Object.fromEntries(formEntries(form, 'Tags.Tag').map(({ Key = '', Value = '' }) => [Key, Value]))
    save({ ...stored, snapshots: { ...stored.snapshots, [id]: { of, source, tags } } })
    return { [`${label}Snapshot`]: snapshotXml(of, id) }
  }
  const describeSnapshots = (of: Of) => (form: URLSearchParams) => {
    const label = of === 'cluster' ? 'DBCluster' : 'DB'
    const id = form.get(`${label}SnapshotIdentifier`) ?? ''
    if (stored.snapshots[id]?.of !== of)
      throw new ApiError(
        of === 'cluster' ? 'DBClusterSnapshotNotFoundFault' : 'DBSnapshotNotFound',
        `${id} not found.`,
        404,
      )
    const shown = snapshotXml(of, id)
    seen.add(id)
    return { [`${label}Snapshots`]: { [`${label}Snapshot`]: [shown] } }
  }

  const service = queryService({
    name: 'rds',
    version: '2014-10-31',
    namespace: 'http://rds.amazonaws.com/doc/2014-10-31/',
    key: (form) =>
      form.get('DBParameterGroupName') ??
      form.get('DBClusterParameterGroupName') ??
      form.get('DBClusterIdentifier') ??
      form.get('DBInstanceIdentifier'),
    operations: {
      DescribeDBParameters: describeParameters('instance'),
      DescribeDBClusterParameters: describeParameters('cluster'),
      ModifyDBParameterGroup: changeParameters('instance', 'modify'),
      ModifyDBClusterParameterGroup: changeParameters('cluster', 'modify'),
      ResetDBParameterGroup: changeParameters('instance', 'reset'),
      ResetDBClusterParameterGroup: changeParameters('cluster', 'reset'),
      DescribeDBInstances: () => ({
        DBInstances: {
          DBInstance: Object.entries(stored.state.instances).map(([name, { status, 'parameter-group': group }]) => ({
            DBInstanceIdentifier: name,
            DBInstanceStatus: status,
            ...(group === undefined
              ? {}
              : {
                  DBParameterGroups: {
                    DBParameterGroup: [
                      { DBParameterGroupName: group, ParameterApplyStatus: statusOf('instance', name) },
                    ],
                  },
                }),
          })),
        },
      }),
      DescribeDBClusters: (form) => ({
        DBClusters: {
          DBCluster: form.has('DBClusterIdentifier')
            ? [cluster(knownCluster(form))]
            : Object.keys(stored.state.clusters).map(cluster),
        },
      }),
      ModifyDBCluster(form) {
        const name = knownCluster(form)
        const part = (key: string) => Number(form.get(`ServerlessV2ScalingConfiguration.${key}`))
        const range = { min: part('MinCapacity'), max: part('MaxCapacity') }
        if (!(range.max >= range.min && range.max > 0) || form.get('ApplyImmediately') !== 'true')
          throw new ApiError('InvalidParameterCombination', 'Only a range of capacity, at once, is served locally.')
        const before = stored.state.clusters[name] ?? { status: 'available' }
        if (before.status !== 'available')
          throw new ApiError('InvalidDBClusterStateFault', `${name} is ${before.status}.`)
        const clusters = { ...stored.state.clusters, [name]: { ...before, ...range } }
        save({ ...stored, state: { ...stored.state, clusters } })
        return { DBCluster: cluster(name) }
      },
      CreateDBSnapshot: createSnapshot('instance'),
      CreateDBClusterSnapshot: createSnapshot('cluster'),
      DescribeDBSnapshots: describeSnapshots('instance'),
      DescribeDBClusterSnapshots: describeSnapshots('cluster'),
    },
  })
  return {
    ...service,
    load(state) {
      save({
        ...stored,
        waiting: [],
        state: {
          'parameter-groups': { ...stored.state['parameter-groups'], ...state['parameter-groups'] },
          instances: { ...stored.state.instances, ...state.instances },
          clusters: { ...stored.state.clusters, ...state.clusters },
        },
      })
    },
    snapshots: () => stored.snapshots,
  }
}
