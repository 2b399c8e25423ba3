import type { Template } from 'aws-cdk-lib/assertions'
import { keys } from '#core/incident/keys.ts'
import type { IncidentId, PlanName, RetirementId } from '#core/names.ts'
import { partKey, snapshotOf } from '#core/snapshot/keys.ts'
import { STEPS } from '#core/steps/registry.ts'
import { DATABASE, synthesise } from '#test/infra/synth.ts'
import { allows, functionsOf, type Statement, statementsOf } from '#test/infra/template.ts'

/** Of an incident, for the keys that rights are asked of. */
export const incident = 'pgvector-search-1a2b' as IncidentId
export const plan = 'pgvector-search' as PlanName
export const snapshot = snapshotOf(incident as string as RetirementId)
export const part = partKey(plan, snapshot, 7)
export const restore = { plan, incident, snapshot }
export const answer = `${keys.approval(incident, 'purge')}answers/0123.json`

/** The kinds of steps that take a port. */
export const needing = (port: string): string[] =>
  STEPS.flatMap(({ kind, needs }) => ((needs as readonly string[]).includes(port) ? [kind] : [])).sort()

/** Who may do what in an environment with a database, function by function, as its templates say. */
export interface GrantedRights {
  readonly template: Template
  /** The statements of each function's role. */
  readonly statements: ReadonlyMap<string, Statement[]>
  /** Logical ids. */
  readonly bucket: string
  readonly approvalKey: string
  /** The functions that may do this to what ends so, by name. */
  who(action: string, resource: string): string[]
  writers(key: string): string[]
  readers(key: string): string[]
}

/** Of `prod` with every plan of the project. */
export const grantedRights = async (): Promise<GrantedRights> => {
  const stacks = await synthesise({ prod: { database: DATABASE } })
  const [template, storage] = [stacks.get('vector-rollback-prod'), stacks.get('vector-rollback-prod-storage')]
  if (!template || !storage) throw new Error('one environment, two stacks')
  const statements = new Map([...functionsOf(template)].map(([name, { Role }]) => [name, statementsOf(template, Role)]))
  const only = (type: string, properties: object): string =>
    Object.keys(storage.findResources(type, { Properties: properties }))[0] ?? ''
  const bucket = only('AWS::S3::Bucket', { VersioningConfiguration: { Status: 'Enabled' } })
  const who = (action: string, resource: string): string[] =>
    [...statements].flatMap(([name, own]) => (allows(own, action, resource) ? [name] : [])).sort()
  return {
    template,
    statements,
    bucket,
    approvalKey: only('AWS::KMS::Key', { KeyUsage: 'SIGN_VERIFY' }),
    who,
    writers: (key) => who('s3:PutObject', `${bucket}/${key}`),
    readers: (key) => who('s3:GetObject', `${bucket}/${key}`),
  }
}
