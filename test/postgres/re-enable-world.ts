import { dirname } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, onTestFinished } from 'vitest'
import type { FlagPath, IncidentId } from '#core/names.ts'
import type { Approver } from '#local/answers.ts'
import { outcomeOf } from '#local/outcome.ts'
import { type Stack, startStack } from '#local/stack.ts'
import { edited, planFolder } from '#test/core/plan/folder.ts'
import { createDatabase, type TestDatabase } from '#test/support/database.ts'

export const FLAG = '/app/test/SEARCH' as FlagPath
export const RAMP = '/app/test/SEARCH_RAMP' as FlagPath
export const INCIDENT = 'incident-1' as IncidentId
const LEAD: Approver = { role: 'lead', name: 'Ada' }
const STEPS = '{ steps: [5, 50, 100], hold: 10m, every: 5m }'
const RAMPED = [
  ['    within: 15s\n', '    within: 15s\n    ramp: /app/{env}/SEARCH_RAMP\n'],
  ['gates: [Fixed.] }', `gates: [Fixed.], ramp: ${STEPS} }`],
] as const
const CHECKED = ['    after: [flag]\n', '    after: [flag, restore, re-enable]\n'] as const

export interface World {
  readonly stack: Stack
  restore(name?: string): ReturnType<typeof outcomeOf>
  flag(): Promise<string | undefined>
  percent(): Promise<string | undefined>
}

/** The small plan on a database that is well, or not, as a table says; each world of its own has nothing to restore, and asks. */
export const useReEnabling = () => {
  let db: TestDatabase
  let admin: Client

  beforeAll(async () => {
    db = await createDatabase()
    admin = new Client(db.superuserUrl)
    await admin.connect()
    await admin.query('create extension if not exists vector')
    await admin.query('create table public.health (answer int); grant select on public.health to public')
    await admin.query(
      'create table public.embeddings (id int primary key); grant select on public.embeddings to public',
    )
  })
  beforeEach(async () => {
    await admin.query('truncate public.health; insert into public.health values (1)')
  })
  afterAll(async () => {
    await admin?.end()
    await db?.drop()
  })

  const setHealth = (answer: number) => admin.query('update public.health set answer = $1', [answer])

  /** `onState` is called when the state machine leaves a state; its work goes on beside the next states. */
  const start = async ({
    ramped = true,
    onState = () => {},
    more = [] as readonly (readonly [string, string])[],
    approvers = [LEAD] as readonly Approver[],
  }: {
    ramped?: boolean
    onState?: (state: string, visit: number, stack: Stack) => void
    more?: readonly (readonly [string, string])[]
    approvers?: readonly Approver[]
  } = {}): Promise<World> => {
    const directory = await planFolder({
      'plan.yaml': edited(CHECKED, ...(ramped ? RAMPED : []), ...more),
      'sql/answers.sql': 'select answer from public.health;\n',
    })
    const visits = new Map<string, number>()
    let stack: Stack | null = null
    const started = await startStack({
      environment: 'test',
      database: { url: db.url },
      plansDirectory: dirname(directory),
      watches: 'travel',
      approvers: () => approvers,
      onEvent: ({ type, ...event }) => {
        const [, name] = /"name":"([^"]+)"/.exec(JSON.stringify(event)) ?? []
        if (!type.endsWith('StateExited') || !name) return
        visits.set(name, (visits.get(name) ?? 0) + 1)
        if (stack) onState(name, visits.get(name) ?? 0, stack)
      },
    })
    stack = started
    onTestFinished(() => started.close())
    await started.flags.write(FLAG, 'true')
    if (ramped) await started.flags.write(RAMP, '100')
    return {
      stack: started,
      restore: async (name = INCIDENT) => {
        const { arn } = await started.execute(name, { plan: 'small', path: 'restore', reason: 'a test' })
        return outcomeOf(arn, name as IncidentId, started)
      },
      flag: async () => (await started.flags.read(FLAG))?.value,
      percent: async () => (await started.flags.read(RAMP))?.value,
    }
  }
  return { setHealth, start }
}
