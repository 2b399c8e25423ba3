import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { vi } from 'vitest'
import { type ApprovalRequest, type Purpose, readRequest } from '#core/approval/approval.ts'
import type { AlarmOutcome } from '#core/decide/on-alarm.ts'
import { type Course, readCourse } from '#core/incident/course.ts'
import { readEvents } from '#core/incident/incident.ts'
import { readJoined } from '#core/incident/joined.ts'
import { readMessages } from '#core/incident/tell.ts'
import type { FlagPath, IncidentId, Path } from '#core/names.ts'
import { fixtureOf } from '#core/plan/fixture.ts'
import { embedded } from '#local/embedded.ts'
import { outcomeOf } from '#local/outcome.ts'
import { localArn, urlEvent } from '#local/people.ts'
import { type StackOptions, startStack } from '#local/stack.ts'
import { type eventBridge, lambdaAction } from '#test/core/decide/alarm-events.ts'
import type { Edit } from '#test/core/plan/folder.ts'
import { playApplication } from '#test/support/application.ts'
import { onlyPlan } from '#test/support/only-plan.ts'
import { FLAG, PLAN, PLAN_FOLDER } from '#test/support/paths.ts'

/** Fifty alarms that somebody had before, all of one signal. */
export const FIFTY = Array.from({ length: 50 }, (_, i) => `search-alarm-${i + 1}`)

/**
 * A signal for each path that asks nobody, and two that ask: the plan has them, with other rows and names of alarms.
 * `connection-failures`: flag. `out-of-memory`: partial. `cross-tenant-leak`: full.
 */
const ASKS: readonly Edit[] = [
  [
    '{ when: memory-high, path: partial, contain: immediately, within: 30m }',
    '{ when: memory-high, path: partial, contain: immediately, within: 30m, approve: [on-call] }',
  ],
]
export const SIGNALS = {
  flag: 'connection-failures',
  partial: 'out-of-memory',
  full: 'cross-tenant-leak',
  'partial that asks': 'memory-high',
  'full that asks': 'query-timeout',
} as const

const planCopy = async (edits: readonly Edit[]): Promise<string> => {
  const { directory } = await onlyPlan(PLAN)
  const file = join(directory, PLAN, 'plan.yaml')
  const text = [...ASKS, ...edits].reduce(
    (plan, [from, to]) => {
      if (!plan.includes(from)) throw new Error(`"${from}" is not in the plan`)
      return plan.replace(from, to)
    },
    await readFile(file, 'utf8'),
  )
  await writeFile(file, text)
  return directory
}

export type AlarmWorld = Awaited<ReturnType<typeof alarmWorld>>

/**
 * The plan on the embedded database and the local stack, with nobody who answers by himself. `watches`: as in the stack;
 * what is to happen in the middle of a watch needs one that waits.
 */
export const alarmWorld = async (edits: readonly Edit[] = [], watches: StackOptions['watches'] = 'hurry') => {
  const plans = await planCopy(edits)
  const database = await embedded()
  const fixture = await fixtureOf(PLAN_FOLDER)
  await database.session({ applicationName: 'fixture', statementTimeout: 0 }, (session) =>
    fixture.load(session, { rows: 20 }),
  )
  /** What happens the next time that a step of that kind has its session, before it begins to work. */
  const meanwhile = new Map<string, () => Promise<unknown>>()
  const stack = await startStack({
    environment: 'test',
    database: {
      embedded: {
        label: database.label,
        kind: 'embedded',
        session: (options, work) =>
          database.session(options, async (session) => {
            const kind = options.applicationName.split(':').at(-1) ?? ''
            const happens = meanwhile.get(kind)
            meanwhile.delete(kind)
            await happens?.()
            return work(session)
          }),
      },
    },
    plansDirectory: plans,
    approvers: () => null,
    watches,
  })
  await playApplication(stack, database)
  const { objects, executions } = stack
  let changes = 0
  const invoke = async (event: unknown) => (await stack.invoke('on-alarm', event)) as AlarmOutcome[]
  const idOf = (arn: string | null | undefined) => (arn?.split(':').at(-1) ?? '') as IncidentId
  const until = <T>(condition: () => Promise<T>) => vi.waitUntil(condition, { timeout: 30_000, interval: 50 })

  const world = {
    /** The folder of the plans. */
    plans,
    stack,
    objects,
    until,
    meanwhile: (kind: string, happens: () => Promise<unknown>) => void meanwhile.set(kind, happens),
    flag: async () => (await stack.flags.read(FLAG as FlagPath))?.value,
    /** An event of an alarm that changes its state now; another change each time. */
    event: (name: string, form: typeof lambdaAction | typeof eventBridge = lambdaAction) => {
      changes += 1
      const timestamp = new Date(Date.parse('2026-11-21T03:00:00Z') + changes * 1000).toISOString()
      return form({ name, timestamp: timestamp.replace('Z', '+0000') })
    },
    alarm: (kind: keyof typeof SIGNALS) => `vector-rollback-test-${PLAN}-${SIGNALS[kind]}`,
    invoke,
    /** An alarm goes off: the execution that it starts. */
    goOff: async (kind: keyof typeof SIGNALS) => {
      const [outcome] = await invoke(world.event(world.alarm(kind)))
      const arn = outcome?.execution ?? ''
      return { arn, incident: idOf(arn), outcome }
    },
    /** A person starts a path by hand. */
    start: async (incident: string, path: Path) => {
      const input = { plan: PLAN, path, reason: 'A person has seen enough.' }
      return { ...(await executions.start(incident, input)), incident: incident as IncidentId }
    },
    ended: async ({ arn }: { arn: string }) => {
      await stack.waitFor(arn)
      return outcomeOf(arn, idOf(arn), stack)
    },
    /** The question about the path itself, once it is asked. */
    asked: (
      incident: IncidentId,
      wanted: (request: ApprovalRequest) => boolean = () => true,
      purpose: Purpose = 'proceed',
    ) =>
      until(async () => {
        const request = await readRequest(objects, incident, purpose)
        return request && wanted(request) ? request : false
      }) as Promise<ApprovalRequest>,
    /** A person answers as people do: by the function that takes answers. */
    answer: async (request: ApprovalRequest, role: string, decision: 'approved' | 'denied' = 'approved') => {
      const { incident, purpose, digest } = request
      const body = { incident, purpose, digest, role, decision }
      return (await stack.invoke('answer', urlEvent(localArn(`${role} in person`), body))) as { statusCode: number }
    },
    joined: (incident: IncidentId) => readJoined(objects, incident),
    course: async (incident: IncidentId) => (await readCourse(objects, incident)) as Course,
    kinds: async (incident: IncidentId) => (await readEvents(objects, incident)).map(({ kind }) => kind),
    told: async (incident: IncidentId, event: string) =>
      (await readMessages(objects, incident)).filter((message) => message.event === event),
    /** Runs that have a record of their own. */
    incidents: async () => {
      const found: string[] = []
      for await (const { key } of objects.list('incidents/'))
        if (key.endsWith('/incident.json')) found.push(key.split('/')[1] ?? '')
      return found
    },
    close: async () => {
      await stack.close()
      await database.close()
      await rm(plans, { recursive: true, force: true })
    },
  }
  return world
}
