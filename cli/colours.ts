/** A terminal, or something else that is written to. */
export interface Output {
  readonly isTTY?: boolean
}

/** Whether escape sequences mean something there. */
export const isTerminal = (stream: Output, environment = process.env): boolean =>
  stream.isTTY === true && environment.TERM !== 'dumb'

const CODES = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39] } as const

export type Colours = Readonly<Record<keyof typeof CODES, (text: string) => string>>

/** Colours for a terminal, plain text elsewhere and wherever NO_COLOR is set (https://no-color.org). */
export const colours = (stream: Output, environment = process.env): Colours => {
  const used = isTerminal(stream, environment) && !environment.NO_COLOR
  const paint = ([on, off]: (typeof CODES)[keyof typeof CODES]) =>
    used ? (text: string) => `\x1b[${on}m${text}\x1b[${off}m` : (text: string) => text
  return {
    bold: paint(CODES.bold),
    dim: paint(CODES.dim),
    red: paint(CODES.red),
    green: paint(CODES.green),
    yellow: paint(CODES.yellow),
  }
}
