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
