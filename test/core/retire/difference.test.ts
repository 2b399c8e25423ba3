import { expect, test } from 'vitest'
import type { ForeignKeyDefinition, TableDefinition } from '#core/ddl/definition.ts'
import { differingPath } from '#core/retire/difference.ts'

const key: ForeignKeyDefinition = {
  name: 'of',
  from: { schema: 'public', name: 'chunks' },
  to: { schema: 'public', name: 'docs' },
  definition: 'FOREIGN KEY (doc) REFERENCES public.docs(id)',
  validated: true,
  comment: null,
}
const grant = (grantee: string) => ({ grantor: 'app', grantee, privilege: 'SELECT', grantable: false })
const recorded: TableDefinition = {
  table: { schema: 'public', name: 'docs' },
  oid: 7,
  owner: 'app',
  persistence: 'permanent',
  accessMethod: 'heap',
  tablespace: null,
  options: ['fillfactor=70'],
  comment: null,
  replicaIdentity: { kind: 'default' },
  columns: [],
  sequences: [],
  constraints: [],
  foreignKeys: [key],
  indexes: [],
  statistics: [],
  rowSecurity: { enabled: true, forced: false },
  policies: [],
  triggers: [],
  rules: [],
  grants: [grant('a'), grant('b')],
}

test('a table that is as it was differs nowhere', () => {
  expect(differingPath(recorded, structuredClone(recorded), [])).toBeNull()
})

test('a foreign key that is not validated yet, and another order of grants, are no difference', () => {
  const now = { ...recorded, foreignKeys: [{ ...key, validated: false }], grants: [grant('b'), grant('a')] }
  expect(differingPath(recorded, now, [])).toBeNull()
})

test('a foreign key that could not be given back is no difference, any other missing one is', () => {
  const now = { ...recorded, foreignKeys: [] }
  expect(differingPath(recorded, now, [key])).toBeNull()
  expect(differingPath(recorded, now, [{ ...key, name: 'other' }])).toBe('foreignKeys[0]')
})

test.each<[string, Partial<TableDefinition>]>([
  ['oid', { oid: 8 }],
  ['options[0]', { options: ['fillfactor=80'] }],
  ['options[1]', { options: ['fillfactor=70', 'parallel_workers=2'] }],
  ['rowSecurity.forced', { rowSecurity: { enabled: true, forced: true } }],
  ['grants', { grants: null }],
  ['grants[1]', { grants: [grant('a')] }],
])('names %s where the table differs', (path, change) => {
  expect(differingPath(recorded, { ...recorded, ...change }, [])).toBe(path)
})
