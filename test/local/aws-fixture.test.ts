import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SSM } from '@aws-sdk/client-ssm'
import { expect, test } from 'vitest'
import { type AwsLoaders, awsFixtureOf, loadAwsState } from '#local/aws-fixture.ts'
import { ssmService } from '#local/endpoints/ssm.ts'
import { host, scratch } from '#test/local/endpoints/host.ts'
import { realClock } from '#test/support/clock.ts'

const folder = async (text: string): Promise<string> => {
  const directory = await scratch()
  await mkdir(join(directory, 'fixture'))
  await writeFile(join(directory, 'fixture', 'aws.yaml'), text)
  return directory
}

test('a plan without an AWS fixture has none, and is no error', async () => {
  expect(await awsFixtureOf(await scratch(), 'drill')).toBeNull()
})

test('before and after are brought to the local services: what a deployment changes, adds and deletes', async () => {
  const directory = await folder(`
before:
  ssm:
    /app/{env}/LIMIT: "10"
    /app/{env}/KEY: { secret: made-up-1 }
    /app/{env}/GONE: "1"
    /app/{env}/SAME: "same"
after:
  ssm:
    /app/{env}/LIMIT: "500"
    /app/{env}/KEY: { secret: made-up-2 }
    /app/{env}/GONE: null
    /app/{env}/SAME: "same"
    /app/{env}/NEW: "1"
`)
  const fixture = await awsFixtureOf(directory, 'drill')
  const service = ssmService({ directory: await scratch(), clock: realClock })
  await host(service)
  const ssm = new SSM({ maxAttempts: 1 })
  // The fixture names no other service.
  const loaders = { ssm: service.load } as unknown as AwsLoaders
  const stored = async () => {
    const { Parameters } = await ssm.getParametersByPath({ Path: '/app/drill/', WithDecryption: true })
    return Object.fromEntries((Parameters ?? []).map(({ Name, Value, Version }) => [Name, `${Value}:${Version}`]))
  }
  await loadAwsState(fixture?.before ?? {}, loaders)
  expect(await stored()).toEqual({
    '/app/drill/LIMIT': '10:1',
    '/app/drill/KEY': 'made-up-1:1',
    '/app/drill/GONE': '1:1',
    '/app/drill/SAME': 'same:1',
  })
  await loadAwsState(fixture?.after ?? {}, loaders)
  expect(await stored()).toEqual({
    '/app/drill/LIMIT': '500:2',
    '/app/drill/KEY': 'made-up-2:2',
    '/app/drill/SAME': 'same:1',
    '/app/drill/NEW': '1:1',
  })
})

test.each([
  ['a service that nobody serves', 'before: { dynamodb: {} }', /dynamodb/],
  ['a number in place of a text', 'before: { ssm: { /app/LIMIT: 10 } }', /LIMIT/],
  ['nothing that is recorded as good', 'after: {}', /before/],
  ['text that is no YAML', 'before: {', /line 1/],
])('%s is refused by the name of the file', async (_what, text, message) => {
  const directory = await folder(text)
  const refused = awsFixtureOf(directory, 'drill')
  await expect(refused).rejects.toMatchObject({ name: 'Fixture.Invalid', message: expect.stringMatching(message) })
  await expect(refused).rejects.toThrow('aws.yaml')
})
