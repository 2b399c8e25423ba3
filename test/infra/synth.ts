import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { z } from 'zod'
import { addStages, type WriteCode } from '#infra/synthesise.ts'

const CdkJson = z.looseObject({ context: z.looseObject({ environments: z.record(z.string(), z.unknown()) }) })
export const { context } = CdkJson.parse(JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8')))

/** What the functions are made of is no matter of templates, and takes longest: `package.test.ts` has it. */
export const noCode: WriteCode = async (directory) => {
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'contain.mjs'), '')
}

/** The templates of both stacks of every environment by names of the stacks, with the environments of cdk.json or others, made in a folder of their own. */
export const synthesise = async (environments: unknown = context.environments): Promise<Map<string, Template>> => {
  const outdir = await mkdtemp(join(tmpdir(), 'vector-rollback-synth-'))
  try {
    const app = new App({ outdir, context: { ...context, environments }, treeMetadata: false })
    const stages = await addStages(app, noCode)
    return new Map(
      stages
        .flatMap(({ storage, rollback }) => [storage, rollback])
        .map((stack) => [stack.stackName, Template.fromStack(stack)]),
    )
  } finally {
    await rm(outdir, { recursive: true })
  }
}

/** A database as cdk.json gives it. */
export const DATABASE = {
  url: 'postgresql://vector_rollback@db.example.com:5433/app',
  resourceId: 'cluster-ABC123',
  network: {
    vpc: 'vpc-0a',
    subnets: { 'eu-central-1b': 'subnet-0b', 'eu-central-1a': 'subnet-0a' },
    securityGroup: 'sg-0d',
    s3PrefixList: 'pl-6ea54007',
    routeTables: ['rtb-01', 'rtb-02', 'rtb-03'],
  },
}
