import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { z } from 'zod'
import { addStacks } from '#infra/synthesise.ts'

const CdkJson = z.looseObject({ context: z.looseObject({ environments: z.record(z.string(), z.unknown()) }) })
const { context } = CdkJson.parse(JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8')))

/** The templates by names of their stacks, with the environments of cdk.json or others, made in a folder of their own. */
export const synthesise = async (environments: unknown = context.environments): Promise<Map<string, Template>> => {
  const outdir = await mkdtemp(join(tmpdir(), 'vector-rollback-synth-'))
  try {
    const app = new App({ outdir, context: { ...context, environments }, treeMetadata: false })
    const stacks = await addStacks(app)
    return new Map(stacks.map((stack) => [stack.stackName, Template.fromStack(stack)]))
  } finally {
    await rm(outdir, { recursive: true })
  }
}
