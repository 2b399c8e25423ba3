import { dirname } from 'node:path'
import { SSM } from '@aws-sdk/client-ssm'
import { onTestFinished } from 'vitest'
import { recordPorts } from '#cli/record.ts'
import { keys } from '#core/incident/keys.ts'
import type { Run } from '#core/incident/run.ts'
import { readAllJson, readJson, writeJson } from '#core/json.ts'
import type { IncidentId } from '#core/names.ts'
import { loadPlan } from '#core/plan/load.ts'
import { recordGoodState } from '#core/recorded/record.ts'
import { type AwsState, AwsState as State } from '#local/aws-fixture.ts'
import { startStack } from '#local/stack.ts'
import { type Edit, edited, planFolder } from '#test/core/plan/folder.ts'

/** Nobody listens there: these steps never ask the database. */
const NO_DATABASE = { url: 'postgresql://nobody@127.0.0.1:1/none' }

/** The small plan with other steps in its partial path. */
export const withSteps = (steps: readonly string[], ...edits: readonly Edit[]): string =>
  edited(
    [
      '      - drop-indexes: { indexes: [public.embeddings_idx] }\n      - run-sql: { file: sql/step.sql }\n      - verify: { checks: [answers] }\n',
      steps.map((step) => `      - ${step}\n`).join(''),
    ],
    ...edits,
  )

/** A plan with such steps, its functions, and the services that they call, behind the SDK's own clients. */
export const configWorld = async (planText: string, before: object = {}, environment = 'test') => {
  const directory = await planFolder({ 'plan.yaml': planText, 'sql/step.sql': null })
  const stack = await startStack({
    environment,
    database: NO_DATABASE,
    plansDirectory: dirname(directory),
  })
  onTestFinished(() => stack.close())
  const plan = await loadPlan(directory)
  const load = (state: object) => stack.loadAws(State.parse(state) satisfies AwsState)
  await load(before)
  const ssm = new SSM({ maxAttempts: 1 })
  let epoch = 0

  /** A run that holds the lease. It began when the clock says, or when its signal does. */
  const begin = async (name: string, signalAt?: string): Promise<Run> => {
    epoch += 1
    const at = stack.clock.now().toISOString()
    const run: Run = {
      plan: plan.name,
      planDigest: plan.digest,
      incident: name as IncidentId,
      execution: `arn:${name}`,
      epoch,
      path: 'partial',
      drill: false,
    }
    const { plan: of, planDigest, incident, execution, path, drill } = run
    await writeJson(stack.objects, keys.lease(plan.name), {
      plan: of,
      epoch,
      incident,
      execution,
      claimedAt: at,
      released: false,
    })
    const signal =
      signalAt === undefined ? null : { name: 'slow', severity: 'high', alarm: 'slow', at: signalAt, reason: 'slow' }
    await writeJson(stack.objects, keys.incident(incident), {
      ...{
        incident,
        plan: of,
        planDigest,
        path,
        reason: 'a test',
        signal,
        drill,
        environment: 'test',
        execution,
        epoch,
      },
      ...{ startedAt: at, openedAt: at, contained: null, tookOver: null },
    })
    return run
  }

  return {
    stack,
    plan,
    load,
    ssm,
    begin,
    record: (reference = 'v1') =>
      recordGoodState(
        plan,
        { environment, reference },
        { ...recordPorts(), objects: stack.objects, clock: stack.clock },
      ),
    /** Calls the function of a step, as the state machine does. */
    step: (run: Run, kind: string, input: object) =>
      stack.invoke(kind, { run, input }) as Promise<{ changed: boolean; detail: string; waitSeconds: number }>,
    value: async (name: string): Promise<string | undefined> =>
      (await ssm.getParameter({ Name: name, WithDecryption: true }).catch(() => null))?.Parameter?.Value,
    version: async (name: string) => (await ssm.getParameter({ Name: name })).Parameter?.Version,
    bucket: async (prefix: string) => (await readAllJson(stack.objects, prefix)).map(({ key }) => key),
    content: async (key: string) => (await readJson(stack.objects, key))?.value,
  }
}
export type ConfigWorld = Awaited<ReturnType<typeof configWorld>>
