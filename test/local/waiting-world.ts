import { dirname } from 'node:path'
import { SFN } from '@aws-sdk/client-sfn'
import { SSM } from '@aws-sdk/client-ssm'
import { onTestFinished, vi } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import type { AlarmOutcome } from '#core/decide/on-alarm.ts'
import { readMessages } from '#core/incident/tell.ts'
import type { IncidentId } from '#core/names.ts'
import type { Reminded } from '#core/notice/remind.ts'
import { startStack } from '#local/stack.ts'
import { lambdaAction } from '#test/core/decide/alarm-events.ts'
import { planFolder, SMALL_PLAN } from '#test/core/plan/folder.ts'

const MINUTE = 60_000

/** Nobody listens on port 1 of loopback: what waits for people needs no database. */
const nowhere = postgres({ url: 'postgresql://nobody@127.0.0.1:1/nothing' })

/** The small plan with more at its end, in a stack whose questions stay open until somebody answers. */
export const waitingWorld = async (more = '') => {
  const folder = await planFolder({ 'plan.yaml': `${SMALL_PLAN}${more}` })
  const stack = await startStack({
    environment: 'local',
    plansDirectory: dirname(folder),
    database: { embedded: { label: 'nowhere', kind: 'embedded', session: nowhere.session } },
    approvers: () => null,
  })
  onTestFinished(() => stack.close())
  const begin = stack.clock.now().getTime()
  /** The newest object below a prefix, as soon as there is one that was not there before. */
  const newest = async (prefix: string, before: readonly string[] = []) =>
    vi.waitFor(
      async () => {
        const keys: string[] = []
        for await (const { key } of stack.objects.list(prefix)) keys.push(key)
        const key = keys.filter((one) => !before.includes(one)).at(-1)
        const found = key && (await stack.objects.read(key))
        if (!key || !found) throw new Error(`nothing new below ${prefix}`)
        return {
          key,
          value: JSON.parse(Buffer.from(found.body).toString('utf8')) as { token: string; expiresAt: string },
        }
      },
      { timeout: 30_000 },
    )
  return {
    stack,
    newest,
    ssm: new SSM(),
    sfn: new SFN(),
    /** The alarm of the plan, whose path asks people first. Comes back when they are asked. */
    alarm: async () => {
      const event = lambdaAction({ name: 'vector-rollback-local-small-slow' })
      const [outcome] = (await stack.invoke('on-alarm', event)) as AlarmOutcome[]
      const arn = outcome?.execution ?? ''
      const incident = (arn.split(':').at(-1) ?? '') as IncidentId
      const question = await newest(`incidents/${incident}/approvals/proceed/`)
      // Asked is what people were told of.
      await vi.waitFor(
        async () => {
          const told = (await readMessages(stack.objects, incident)).some(({ event }) => event === 'proceed-needed')
          if (!told) throw new Error('nobody was asked')
        },
        { timeout: 30_000 },
      )
      return { arn, incident, question: question.value }
    },
    /** Goes to so many minutes after the beginning. */
    goTo: (minutes: number) => stack.clock.travel(begin + minutes * MINUTE - stack.clock.now().getTime()),
    look: async () => (await stack.invoke('remind', {})) as Reminded[],
    /** Events of the messages to people, of a kind. */
    sent: (event: string) => stack.messages().filter(({ attributes }) => attributes.event === event),
  }
}
