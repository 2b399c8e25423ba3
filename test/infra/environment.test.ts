import { describe, expect, test } from 'vitest'
import { readEnvironments } from '#infra/environment.ts'

const complaint = (environments: unknown): string => {
  try {
    readEnvironments(environments)
  } catch (error) {
    if (error instanceof Error && error.name === 'Context.Invalid') return error.message
    throw error
  }
  throw new Error('the context was accepted')
}

test('an environment needs nothing but its name, observes, and keeps its data', () => {
  expect(readEnvironments({ dev: {} })).toEqual([{ name: 'dev', autonomy: 'observe', disposable: false }])
})

test('an environment goes as far as its context says', () => {
  expect(readEnvironments({ dev: { autonomy: 'act', disposable: true } })).toEqual([
    { name: 'dev', autonomy: 'act', disposable: true },
  ])
})

test('a database is taken with the user who signs in by IAM', () => {
  const database = { url: 'postgresql://vector_rollback@db.example.com:5432/app', resourceId: 'db-ABC123' }
  expect(readEnvironments({ prod: { account: '123456789012', region: 'eu-central-1', database } })).toEqual([
    {
      name: 'prod',
      account: '123456789012',
      region: 'eu-central-1',
      database,
      autonomy: 'observe',
      disposable: false,
    },
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
  ])('%j', (environments, expected) => {
    expect(complaint(environments)).toContain(expected)
  })
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
