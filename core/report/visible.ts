/**
 * Characters that nobody sees, that reorder what is read (https://trojansource.codes: a command in a report is pasted
 * into a shell), or that HTML does not allow. New line and tab are none of them.
 */
const INVISIBLE = /[[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]--[\n\t]]/gv

const escaped = (character: string) => {
  const code = (character.codePointAt(0) ?? 0).toString(16)
  return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`
}

/** The text with every invisible character as `\u202e`. */
export const visible = (text: string): string => text.replace(/\r\n?/g, '\n').replace(INVISIBLE, escaped)
