import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App } from 'aws-cdk-lib'
import { AwsSolutionsChecks, type NagPack, ServerlessChecks } from 'cdk-nag'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as reasons from '#infra/reviewed.ts'
import { addStages } from '#infra/synthesise.ts'
import { context, noCode } from '#test/infra/synth.ts'

let outdir: string
let app: App

beforeAll(async () => {
  outdir = await mkdtemp(join(tmpdir(), 'vector-rollback-nag-'))
  app = new App({ outdir, context, treeMetadata: false })
  await addStages(app, noCode)
  app.synth()
})
afterAll(() => rm(outdir, { recursive: true }))

const wildcard = /^AwsSolutions-IAM5\[(.+)\]$/
/** A part of the report that its type does not have. */
interface Found {
  readonly ruleName: string
  readonly violatingResources: readonly { readonly constructPath?: string }[]
}

const found = (pack: NagPack): readonly Found[] => pack.validateScope(app).violations

/** What a pack finds and nobody has given a reason for. */
const findings = (pack: NagPack): string[] =>
  found(pack)
    .filter(({ ruleName }) => {
      const [, about] = wildcard.exec(ruleName) ?? []
      return about === undefined || !reasons.WILDCARDS.some(({ finding }) => finding.test(about))
    })
    .map(({ ruleName, violatingResources: [first] }) => `${ruleName} ${first?.constructPath}`)

test.each([
  ['AwsSolutions', () => new AwsSolutionsChecks(app)],
  ['Serverless', () => new ServerlessChecks(app)],
] as const)('the environments of cdk.json pass the pack %s, but for what was reviewed', (_, pack) => {
  expect(findings(pack()).slice(0, 20)).toEqual([])
})

test('a reason is a sentence, not a word, and each is still needed', () => {
  const { WILDCARDS, NOT_TRACED, CALLED_AND_WAITED_FOR, KEPT_AS_DEAD_LETTERS } = reasons
  const abouts = found(new AwsSolutionsChecks(app)).flatMap(({ ruleName }) => wildcard.exec(ruleName)?.[1] ?? [])
  for (const { finding } of WILDCARDS)
    expect(
      abouts.filter((about) => finding.test(about)),
      String(finding),
    ).not.toEqual([])
  const texts = [
    ...WILDCARDS.map(({ reason }) => reason),
    ...[NOT_TRACED, CALLED_AND_WAITED_FOR, KEPT_AS_DEAD_LETTERS].flatMap((one) => Object.values(one)),
  ]
  for (const text of texts) expect(text).toMatch(/^[A-Z].{40,}\.$/)
})
