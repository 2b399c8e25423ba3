import { describe, expect, test } from 'vitest'
import { readEnvironments, requireKnownPlans } from '#infra/environment.ts'
import { DATABASE } from '#test/infra/synth.ts'

const complaint = (environments: unknown): string => {
  try {
    readEnvironments(environments)
  } catch (error) {
    if (error instanceof Error && error.name === 'Context.Invalid') return error.message
    throw error
  }
  throw new Error('the context was accepted')
}

const DEFAULTS = {
  autonomy: 'observe',
  disposable: false,
  containment: { concurrency: 10 },
  retention: { evidence: 400, snapshots: {}, replaced: 90, logs: 365 },
  baselines: {},
  contacts: { email: [] },
}

test('an environment needs nothing but its name, observes, and keeps its data', () => {
  expect(readEnvironments({ dev: {} })).toEqual([{ name: 'dev', ...DEFAULTS }])
})

test('an environment goes as far as its context says', () => {
  expect(readEnvironments({ dev: { autonomy: 'act', disposable: true } })).toEqual([
    { ...DEFAULTS, name: 'dev', autonomy: 'act', disposable: true },
  ])
})

test('a database is taken with the user who signs in by IAM', () => {
  expect(readEnvironments({ prod: { account: '123456789012', region: 'eu-central-1', database: DATABASE } })).toEqual([
    { ...DEFAULTS, name: 'prod', account: '123456789012', region: 'eu-central-1', database: DATABASE },
  ])
})

describe('a mistake is shown where it stands', () => {
  test.each<[unknown, string]>([
    [
      { prod: { services: { search: { api: 'http://127.0.0.1:8080' } } } },
      'context.environments.prod.services.search.api: an environment is called by https',
    ],
    [undefined, 'context.environments: '],
    [{}, 'context.environments: name at least one environment'],
    [{ Prod: {} }, 'context.environments.Prod: '],
    [{ prod: { regoin: 'eu-central-1' } }, 'context.environments.prod: Unrecognized key: "regoin"'],
    [{ prod: { autonomy: 'full' } }, 'context.environments.prod.autonomy: '],
    [{ prod: { disposable: 'yes' } }, 'context.environments.prod.disposable: '],
    [{ prod: { account: '12' } }, 'context.environments.prod.account: an account has 12 digits'],
    [{ prod: { account: '123456789012' } }, 'context.environments.prod: give account and region, or neither'],
    [
      { prod: { database: { url: 'mysql://u@h/d', resourceId: 'db-A' } } },
      'context.environments.prod.database.url: write',
    ],
    [{ prod: { database: { url: 'postgresql://u@h/d', resourceId: 'x' } } }, '.prod.database.resourceId: write'],
    [{ prod: { database: { url: 'postgresql://u@h/d', resourceId: 'db-A' } } }, '.prod.database.network: '],
    [{ prod: { containment: { concurrency: 4 } } }, '.prod.containment.concurrency: five at least'],
    [{ prod: { retention: { evidence: 0 } } }, '.prod.retention.evidence: 1 days at least'],
    [{ prod: { retention: { logs: 100 } } }, '.prod.retention.logs: write one of'],
    [{ prod: { contacts: { email: ['nobody'] } } }, '.prod.contacts.email[0]: write an address'],
    [
      { prod: { database: { ...DATABASE, network: { ...DATABASE.network, s3PrefixList: 's3' } } } },
      '.prod.database.network.s3PrefixList: write what this prints',
    ],
    [
      {
        prod: { database: { ...DATABASE, network: { ...DATABASE.network, subnets: { 'eu-central-1': 'subnet-0a' } } } },
      },
      '.prod.database.network.subnets.eu-central-1: write the zone',
    ],
  ])('%j', (environments, expected) => {
    expect(complaint(environments)).toContain(expected)
  })
})

describe('a database is refused that the product cannot keep its promises on', () => {
  const PROXY = 'app.proxy-abcdefghijkl.eu-central-1.rds.amazonaws.com'
  test.each([
    ['RDS Proxy, by its address', { url: `postgresql://u@${PROXY}/d` }, 'url: this is an RDS Proxy'],
    ['RDS Proxy, by its resource id', { resourceId: 'prx-0123456789abcdef0' }, 'resourceId: this is an RDS Proxy'],
    ['a reader', { url: `postgresql://u@${PROXY.replace('proxy', 'cluster-ro')}/d` }, 'url: this is the reader'],
    ['without TLS', { url: 'postgresql://u@h/d?sslmode=disable' }, 'url: leave "sslmode" out'],
    ['with TLS that verifies no name', { url: 'postgresql://u@h/d?sslmode=verify-ca' }, 'url: leave "sslmode" out'],
    ['with an authority of its own', { url: 'postgresql://u@h/d?sslrootcert=/tmp/x' }, 'url: leave "sslrootcert" out'],
    ['on the machine of the function', { url: 'postgresql://u@localhost/d' }, 'url: a function does not reach'],
  ])('%s', (_, wrong, expected) => {
    expect(complaint({ prod: { database: { ...DATABASE, ...wrong } } })).toContain(
      `context.environments.prod.database.${expected}`,
    )
  })

  test('but not one that says in its URL what holds anyway', () => {
    const url = `${DATABASE.url}?sslmode=verify-full`
    expect(readEnvironments({ prod: { database: { ...DATABASE, url } } })).toMatchObject([{ database: { url } }])
  })
})

test('what is said of a plan that is not there is refused, and where it stands', () => {
  const environments = readEnvironments({
    prod: { retention: { snapshots: { serach: 365 } }, baselines: { search: { slow: 3 } } },
  })
  expect(() => requireKnownPlans(environments, [{ name: 'search' }])).toThrow(
    /context.environments.prod.retention.snapshots.serach: there is no plan of that name \(search\)\n/,
  )
})

test('a password is refused, since it would stand in the template, and is not repeated', () => {
  const url = 'postgresql://app:hunter2@db.example.com/app'
  const message = complaint({ prod: { database: { url, resourceId: 'db-A' } } })
  expect(message).toContain('context.environments.prod.database.url: leave the password out')
  expect(message).not.toContain('hunter2')
})

describe('approvers', () => {
  const DBA = 'arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Dba_0123456789abcdef'

  test('are users of Identity Center, roles and users, each in an account', () => {
    const approvers = {
      dba: [`${DBA}/*`, `${DBA}/ann@example.com`, 'arn:aws:iam::111122223333:user/admins/ann'],
      'team-lead': ['arn:aws:iam::111122223333:role/release'],
    }
    expect(readEnvironments({ prod: { approvers } })).toMatchObject([{ name: 'prod', approvers }])
  })

  test.each([
    ['everybody', '*'],
    ['a role that anybody can make', 'arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_*/ann'],
    [
      'a permission set without the suffix of its role',
      'arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Dba/ann',
    ],
    ['a session name that its caller chose', 'arn:aws:sts::111122223333:assumed-role/release/ann'],
    ['any account', `${DBA}/ann`.replace('111122223333', '*')],
    ['the root user', 'arn:aws:iam::111122223333:root'],
    ['a role with its path, which AWS does not tell', 'arn:aws:iam::111122223333:role/admins/release'],
  ])('are not %s', (_, arn) => {
    expect(() => readEnvironments({ prod: { approvers: { dba: [arn] } } })).toThrow(
      /context.environments.prod.approvers.dba\[0\]: write arn:/,
    )
  })

  test('fit into the settings of a function, or are refused before they are deployed', () => {
    const dba = Array.from({ length: 40 }, (_, i) => `${DBA}/user-${i}@example.com`)
    expect(() => readEnvironments({ prod: { approvers: { dba } } })).toThrow(/let \* stand for the users/)
  })
})
