import { type Progress, progress } from '#cli/progress.ts'

/** Progress of a command whose steps follow each other, each counted in bytes or not at all. */
export interface Steps {
  /** Ends the step before. `total`: bytes; `null` when it is not counted in them. */
  begin(name: string, total: number | null): void
  add(bytes: number, rows?: number): void
  say(text: string): void
  /** Ends the last step; `error`: what it failed of. */
  end(error?: string): void
}

export const steps = (): Steps => {
  const shown: Progress = progress({ stream: process.stderr, now: () => new Date() })
  let open: { name: string; total: number | null; done: number; rows: number } | null = null
  const finish = (error?: string): void => {
    if (open)
      shown.event({ kind: 'state-exited', name: open.name, at: new Date(), ...(error === undefined ? {} : { error }) })
    open = null
  }
  return {
    begin(name, total) {
      finish()
      open = { name, total, done: 0, rows: 0 }
      shown.event({ kind: 'state-entered', name, at: new Date() })
    },
    add(bytes, rows = 0) {
      if (!open) return
      open.done += bytes
      open.rows += rows
      const { done, total } = open
      shown.event({ kind: 'bytes', done, total, ...(open.rows > 0 ? { rows: open.rows } : {}) })
    },
    say: (text) => shown.event({ kind: 'detail', text }),
    end(error) {
      finish(error)
      shown.close()
    },
  }
}

/** Runs a command's work with its progress, which is closed however it ends. */
export const withSteps = async <T>(work: (steps: Steps) => Promise<T>): Promise<T> => {
  const shown = steps()
  try {
    const result = await work(shown)
    shown.end()
    return result
  } catch (error) {
    shown.end(error instanceof Error ? error.name : 'failed')
    throw error
  }
}
