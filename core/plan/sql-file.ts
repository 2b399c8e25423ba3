/** The directives that a plan's SQL file may carry, each on a line of its own. */
export const DIRECTIVES = ['no-transaction', 'allow-do'] as const

/** Whether the file's line 1 asks to run outside a transaction. Such a file has one statement. */
export const runsOutsideTransaction = (text: string): boolean => /^--! no-transaction[ \t]*(\r?\n|$)/.test(text)

/** Every line that starts with `--!`: its text without the marker, and the offset of its start. */
export const directivesOf = (text: string): { name: string; offset: number }[] =>
  [...text.matchAll(/^--![ \t]*(.*?)[ \t]*\r?$/gm)].map((match) => ({ name: match[1] ?? '', offset: match.index }))
