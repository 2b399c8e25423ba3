import { randomUUID } from 'node:crypto'
import { RollbackError } from '#core/errors.ts'
import type { TokenOutcome, Tokens } from './environment.ts'

/** SendTaskSuccess, SendTaskFailure and SendTaskHeartbeat. Throw `TaskToken.NotOpen` for a token nobody waits for. */
export interface TokenAnswers {
  /** `output` is JSON text, as in the API. Throws `TaskToken.InvalidOutput` when it is not. */
  succeed(token: string, output: string): void
  fail(token: string, failure?: { error?: string | undefined; cause?: string | undefined }): void
  heartbeat(token: string): void
}

interface Waiting {
  readonly resolve: (outcome: TokenOutcome) => void
  readonly onHeartbeat: () => void
}

/** The task tokens of one machine's executions, in memory. */
export function taskTokens(): Tokens & TokenAnswers {
  const open = new Map<string, Waiting>()

  const find = (token: string): Waiting => {
    const found = open.get(token)
    if (found !== undefined) return found
    throw new RollbackError('TaskToken.NotOpen', `The task token "${token}" is not open.`, {
      fix: 'Its task has ended, or it was never given out; look at the execution.',
      category: 'refused',
    })
  }

  const settle = (token: string, outcome: TokenOutcome): void => {
    find(token).resolve(outcome)
    open.delete(token)
  }

  return {
    open(onHeartbeat) {
      const token = randomUUID()
      const { promise, resolve } = Promise.withResolvers<TokenOutcome>()
      open.set(token, { resolve, onHeartbeat })
      return { token, outcome: promise, close: () => void open.delete(token) }
    },
    succeed(token, output) {
      settle(token, { kind: 'succeeded', output: parse(output) })
    },
    fail(token, { error, cause } = {}) {
      settle(token, { kind: 'failed', error: error ?? null, cause: cause ?? null })
    },
    heartbeat(token) {
      find(token).onHeartbeat()
    },
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new RollbackError('TaskToken.InvalidOutput', `The output ${JSON.stringify(text)} is not JSON.`, {
      fix: 'Send JSON text, a plain string in quotes.',
      category: 'usage',
      cause,
    })
  }
}
