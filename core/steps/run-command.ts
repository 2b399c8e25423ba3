import { z } from 'zod'
import { RollbackError } from '#core/errors.ts'
import { redactOutput } from '#core/evidence/redact-output.ts'
import { keys } from '#core/incident/keys.ts'
import { requireMayChange } from '#core/incident/may-change.ts'
import { planToChange } from '#core/incident/plan-to-change.ts'
import type { Run } from '#core/incident/run.ts'
import { digestOf, readJson, writeJson } from '#core/json.ts'
import { inEnvironment } from '#core/plan/parameter-name.ts'
import { RunCommandInput } from '#core/plan/steps-outside.ts'
import type { Clock, Objects } from '#core/ports.ts'
import type { CommandCall, CommandInvocation, Commands } from '#core/ports-config.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'

const POLL_SECONDS = 5
/** So long SSM may take to show a command that was sent, and to find its targets. */
const SHOWN_AFTER_MS = 30_000
const UNFINISHED = new Set(['Pending', 'InProgress', 'Delayed', 'Cancelling'])

const Begun = z.strictObject({ at: z.string() })
const Sent = z.strictObject({ id: z.string(), at: z.string() })

interface CommandPorts {
  readonly commands: Commands
  readonly objects: Objects
  readonly clock: Clock
}

/** Never twice: begun is written before it is sent, and who finds it begun looks whether it was. `null`: not known yet. */
const sentOnce = async (
  run: Run,
  call: CommandCall,
  folder: string,
  ports: CommandPorts,
): Promise<z.infer<typeof Sent> | null> => {
  const { commands, objects, clock } = ports
  const earlier = await readJson(objects, `${folder}sent.json`)
  if (earlier) return Sent.parse(earlier.value)
  const now = clock.now()
  const mine = await writeJson(objects, `${folder}begun.json`, { at: now.toISOString() }, { ifAbsent: true })
  let id: string | null = null
  if (!mine) {
    const begun = new Date(Begun.parse((await readJson(objects, `${folder}begun.json`))?.value).at)
    // A little before: the clocks of others count.
    id = await commands.find(call.comment, new Date(begun.getTime() - 60_000))
    if (id === null && now.getTime() - begun.getTime() < SHOWN_AFTER_MS) return null
  }
  if (id === null) {
    await requireMayChange(run, objects)
    id = await commands.send(call)
  }
  const sent = { id, at: now.toISOString() }
  await writeJson(objects, `${folder}sent.json`, sent, { ifAbsent: true })
  return sent
}

/** The name of this attempt. One that ran nowhere is over, and a person who has mended that retries with the next one. */
const attemptOf = async (run: Run, token: string, objects: Objects): Promise<string> => {
  for (let attempt = 1; ; attempt++) {
    const name = attempt === 1 ? token : `${token}-${attempt}`
    if (!(await readJson(objects, nobodyKey(run, name)))) return name
  }
}

const folderOf = (run: Run, attempt: string): string => `${keys.commands(run.incident)}${attempt}/`
const nobodyKey = (run: Run, attempt: string): string => `${folderOf(run, attempt)}nobody.json`

const filled = (lists: Readonly<Record<string, readonly string[]>>, environment: string) =>
  Object.fromEntries(
    Object.entries(lists).map(([key, values]) => [key, values.map((value) => inEnvironment(value, environment))]),
  )

const requireSuccess = (document: string, invocations: readonly CommandInvocation[], evidence: string): void => {
  const failed = invocations.filter(({ status }) => status !== 'Success')
  if (failed.length === 0) return
  throw new RollbackError(
    'Command.Failed',
    `"${document}" failed on ${failed.length} of ${invocations.length} instances: ${failed.map(({ target, status }) => `${target} (${status})`).join(', ')}.`,
    {
      fix: `Its output is in "${evidence}". Mend it there by hand and go on, or choose another path: it is not run a second time in this incident.`,
    },
  )
}

export const runCommand = defineStep({
  kind: 'run-command',
  purpose: 'Runs a command by SSM on instances, once, and waits for its end.',
  event: inRun(RunCommandInput),
  needs: ['commands', 'objects', 'plans', 'environment', 'clock'],
  run: async ({ run, input }, { commands, objects, plans, environment, clock }) => {
    await planToChange(run, { plans, objects })
    const token = digestOf([run.incident, input]).slice(0, 20)
    const attempt = await attemptOf(run, token, objects)
    const call: CommandCall = {
      document: input.document,
      targets: filled(input.targets, environment),
      parameters: filled(input.parameters, environment),
      comment: `vector-rollback ${run.plan} ${attempt}`,
    }
    const asked = (detail: string) => ({ changed: false, detail, waitSeconds: POLL_SECONDS })
    const sent = await sentOnce(run, call, folderOf(run, attempt), { commands, objects, clock })
    if (sent === null) return asked(`"${input.document}" was begun; whether it was sent is not known yet`)
    const { status, targets, invocations } = await commands.state(sent.id)
    const young = clock.now().getTime() - Date.parse(sent.at) < SHOWN_AFTER_MS
    if (targets === 0 && !young) {
      // As long as SSM may still find somebody it is not sent again.
      if (status !== '' && !UNFINISHED.has(status))
        await writeJson(objects, nobodyKey(run, attempt), sent, { ifAbsent: true })
      throw new RollbackError('Command.NoTargets', `"${input.document}" found no instance to run on.`, {
        fix: 'See whether the instances of the plan run and are known to Systems Manager; then retry, which sends it again, or choose another path.',
      })
    }
    const unfinished = invocations.filter((one) => UNFINISHED.has(one.status)).length
    if (targets === 0 || UNFINISHED.has(status) || unfinished > 0 || invocations.length < targets)
      return asked(`"${input.document}" runs: ${invocations.length - unfinished} of ${targets} instances are done`)
    const evidence = `${keys.evidence(run.incident)}command-${token}.json`
    const kept = invocations.map((one) => ({ ...one, output: redactOutput(one.output) }))
    await writeJson(
      objects,
      evidence,
      { command: sent.id, document: input.document, invocations: kept },
      { ifAbsent: true },
    )
    requireSuccess(input.document, invocations, evidence)
    return {
      changed: true,
      detail: `"${input.document}" succeeded on ${invocations.map(({ target }) => target).join(', ')}; its output is in ${evidence}`,
      waitSeconds: 0,
    }
  },
})
