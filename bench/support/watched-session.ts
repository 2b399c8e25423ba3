import type { Session } from '#core/ports.ts'

/** Times of `performance.now()`. */
export interface LockHeld {
  readonly from: number
  readonly to: number
}

export interface WatchedSession {
  readonly session: Session
  /** When others had to wait: from the answer to LOCK … ACCESS EXCLUSIVE to the end of its transaction. */
  readonly held: LockHeld[]
}

/** The session, and how long its transactions held ACCESS EXCLUSIVE that was asked for by LOCK TABLE. */
export const watchedSession = (session: Session): WatchedSession => {
  const held: LockHeld[] = []
  let since: number | null = null
  return {
    held,
    session: {
      async query(statement) {
        const result = await session.query(statement)
        if (/^lock table .* in access exclusive mode$/.test(statement.text)) since ??= performance.now()
        return result as never
      },
      script: (text) => session.script(text),
      async transaction(work, options) {
        since = null
        try {
          return await session.transaction(work, options)
        } finally {
          if (since !== null) held.push({ from: since, to: performance.now() })
          since = null
        }
      },
      copyOut: (statement, signal) => session.copyOut(statement, signal),
      copyIn: (statement, body, signal) => session.copyIn(statement, body, signal),
      startLong: (statement, milliseconds) => session.startLong(statement, milliseconds),
    },
  }
}
