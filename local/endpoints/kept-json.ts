import { readFileSync } from 'node:fs'
import type { z } from 'zod'
import { writeDurably } from './durable-file.ts'

/** The state of one service, in one file. Every change is on disk when the call returns, and in memory only then. */
export class KeptJson<State> {
  readonly #path: string
  #state: State

  constructor(path: string, shape: z.ZodType<State>, empty: State) {
    this.#path = path
    this.#state = read(path, shape) ?? empty
  }

  get(): State {
    return this.#state
  }

  set(state: State): void {
    writeDurably(this.#path, `${JSON.stringify(state, null, 2)}\n`)
    this.#state = state
  }
}

const read = <State>(path: string, shape: z.ZodType<State>): State | null => {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
  return shape.parse(JSON.parse(text))
}
