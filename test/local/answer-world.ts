import { afterAll, beforeAll, beforeEach, vi } from 'vitest'
import { urlEvent } from '#local/people.ts'
import { type Stack, type StackOptions, startStack } from '#local/stack.ts'
import { setEnvironment } from '#test/support/endpoints.ts'

const sso = (set: string, user: string) =>
  `arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_${set}_0123456789abcdef/${user}`
export const ANN = sso('Dba', 'ann@example.com')
export const BEN = sso('Lead', 'ben@example.com')
export const SAM = sso('Lead', 'sam@example.com')
/** The same person with another permission set. */
export const ANN_AS_LEAD = sso('Lead', 'ann@example.com')
export const STRANGER = sso('Intern', 'ida@example.com')
export const ROBOT = (session: string) => `arn:aws:sts::111122223333:assumed-role/release/${session}`

const APPROVERS = JSON.stringify({
  'team-lead': [sso('Lead', '*'), 'arn:aws:iam::111122223333:role/release'],
  dba: [sso('Dba', '*')],
})

export interface Said {
  readonly status: number
  readonly body: Record<string, unknown>
}

/** A stack whose questions stay open until the function that takes answers is called, as by its URL. Ask for it in tests and hooks. */
export const useAnswers = (
  prepare: () => Promise<{ database: StackOptions['database']; ready?: (stack: Stack) => Promise<unknown> }>,
) => {
  let stack: Stack | undefined
  let restore = () => {}
  /** Resolves when the state machine waits for an answer. */
  const waiting = new Map<string, () => void>()
  beforeAll(async () => {
    const { database, ready } = await prepare()
    stack = await startStack({
      environment: 'test',
      database,
      approvers: 'by-url',
      onEvent: ({ type }, arn) => {
        if (type === 'TaskSubmitted') waiting.get(arn)?.()
      },
    })
    await ready?.(stack)
    restore = setEnvironment({ APPROVERS })
  })
  afterAll(async () => {
    restore()
    await stack?.close()
  })
  beforeEach(() => {
    for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const)
      vi.spyOn(console, method).mockImplementation(() => {})
  })
  const given = (): Stack => {
    if (!stack) throw new Error('the stack is there in hooks and tests only')
    return stack
  }
  const call = async (event: object): Promise<Said> => {
    const { statusCode, body } = (await given().invoke('answer', event)) as { statusCode: number; body: string }
    return { status: statusCode, body: JSON.parse(body) }
  }
  return {
    given,
    call,
    say: (userArn: string, body: object): Promise<Said> => call(urlEvent(userArn, body)),
    waitsIn: (arn: string) => new Promise<void>((resolve) => waiting.set(arn, resolve)),
  }
}
