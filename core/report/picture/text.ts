const NARROW = /[ijlt.,:;'’!|()[\]\-\s]/
const WIDE = /[mwMW@%—…×]/
const FULL =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60]|\p{Extended_Pictographic}/u

/** Width of a character in em: a generous guess for the system's sans-serif fonts, for nobody measures them here. */
const em = (character: string): number => {
  if (NARROW.test(character)) return 0.36
  if (FULL.test(character)) return 1.05
  if (WIDE.test(character)) return 0.92
  return /[A-Z]/.test(character) ? 0.7 : 0.6
}

export const textWidth = (text: string, size: number): number =>
  [...text].reduce((width, character) => width + em(character) * size, 0)

/** Cuts where a word would not fit; a word that is longer than a line is cut too. Nothing is lost but spaces. */
export const wrap = (text: string, size: number, width: number): string[] => {
  const lines: string[] = []
  let line = ''
  const add = (piece: string) => {
    if (line !== '' && textWidth(`${line}${piece}`.trimEnd(), size) > width) {
      lines.push(line.trim())
      line = ''
    }
    line += piece
  }
  for (const word of text.match(/\S+\s*/g) ?? [])
    if (textWidth(word.trimEnd(), size) <= width) add(word)
    else for (const character of word) add(character)
  return [...lines, line.trim()].filter((each) => each !== '')
}

/** The beginning of a text that does not fit. */
export const shortened = (text: string, size: number, width: number): string => {
  if (textWidth(text, size) <= width) return text
  const characters = [...text]
  while (characters.length > 0 && textWidth(`${characters.join('')}…`, size) > width) characters.pop()
  return `${characters.join('')}…`
}
