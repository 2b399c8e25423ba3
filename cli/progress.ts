import { duration } from '#core/report/figures.ts'
import { colours, isTerminal } from './colours.ts'
import { type Amount, amountText } from './progress-amount.ts'

/** What happened. `at` is the time of the event, which may lie before the call. */
export type ProgressEvent =
  | {
      readonly kind: 'state-entered' | 'state-exited'
      readonly name: string
      readonly at: Date
      /** Calls of the state's task; 1 when it was not retried. */
      readonly attempts?: number
      readonly error?: string
    }
  /** A line for people, shown once. */
  | { readonly kind: 'detail'; readonly text: string }
  /** How much of the work of the state that was entered last is done; `total` is `null` while nobody knows it. */
  | { readonly kind: 'bytes'; readonly done: number; readonly total: number | null; readonly rows?: number }

export interface Progress {
  event(event: ProgressEvent): void
  /** Leaves the last lines as they are and gives the cursor back. May be called twice. */
  close(): void
}

export interface ProgressOptions {
  readonly stream: Pick<NodeJS.WriteStream, 'write'> & Partial<Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>>
  readonly now: () => Date
}

interface Active {
  readonly name: string
  readonly at: Date
  amount: Amount | null
}

const HIDE = '\x1b[?25l'
const SHOW = '\x1b[?25h'
/** How often the elapsed time moves on, in milliseconds. */
const REDRAW = 250
const FALLBACK_COLUMNS = 80

/**
 * Shows where a run is. On a terminal each state that goes on has one line, which is written again and again; elsewhere
 * each state gets one plain line when it ends, without any escape sequence.
 */
export const progress = ({ stream, now }: ProgressOptions): Progress => {
  const live = isTerminal(stream)
  const { green, red, yellow, dim } = colours(stream)
  const active: Active[] = []
  let drawn = 0
  let closed = false

  /** Only full lines and no wrapping: what is drawn must be erased line by line. */
  const fitting = (line: string) => line.slice(0, (stream.columns || FALLBACK_COLUMNS) - 1)
  const erased = () => (drawn === 0 ? '' : `\x1b[${drawn}A\x1b[J`)
  const lineOf = ({ name, at, amount }: Active): string =>
    fitting([`… ${name}`, elapsed(at), ...(amount ? [amountText(amount, now())] : [])].join('  '))
  const elapsed = (since: Date): string => duration(Math.max(0, now().getTime() - since.getTime()))

  /** `lines` stay for good, above those of the states that go on. */
  const show = (lines: readonly string[]): void => {
    if (!live) {
      for (const line of lines) stream.write(`${line}\n`)
      return
    }
    const open = closed ? [] : active.map(lineOf)
    stream.write(`${erased()}${[...lines, ...open.map(dim)].map((line) => `${line}\n`).join('')}`)
    drawn = open.length
  }

  const enter = (name: string, at: Date): void => {
    active.push({ name, at, amount: null })
    show([])
  }
  const exit = ({ name, at, attempts = 1, error }: ProgressEvent & { kind: 'state-entered' | 'state-exited' }) => {
    const index = active.findIndex((state) => state.name === name)
    const [state] = index === -1 ? [] : active.splice(index, 1)
    const took = state ? [duration(Math.max(0, at.getTime() - state.at.getTime()))] : []
    const moved = state?.amount ? [amountText({ ...state.amount, total: state.amount.done }, at)] : []
    const retries = attempts > 1 ? [yellow(`${attempts - 1} ${attempts === 2 ? 'retry' : 'retries'}`)] : []
    const failure = error === undefined ? [] : [red(error)]
    const mark = error === undefined ? green('done  ') : red('failed')
    show([[mark, name, ...took, ...moved, ...retries, ...failure].join('  ')])
  }

  const close = (): void => {
    if (closed) return
    closed = true
    process.off('exit', close)
    clearInterval(timer)
    if (!live) return
    show([])
    stream.write(SHOW)
  }

  const timer = live ? setInterval(() => show([]), REDRAW).unref() : undefined
  if (live) {
    stream.write(HIDE)
    // Whatever ends the process: a terminal without a cursor is what people remember.
    process.once('exit', close)
  }
  return {
    close,
    event: (event) => {
      if (closed) return
      if (event.kind === 'state-entered') enter(event.name, event.at)
      else if (event.kind === 'state-exited') exit(event)
      else if (event.kind === 'detail') show([`  ${event.text}`])
      else if (event.kind === 'bytes') {
        const state = active.at(-1)
        if (!state) return
        const { kind: _, ...amount } = event
        state.amount = { ...amount, since: state.at }
        if (live) show([])
      }
    },
  }
}
