import type { Position } from './yaml.ts'

/** Positions in an SQL text. PostgreSQL counts statements in bytes of UTF-8, and cursors in characters. */
export interface SqlText {
  readonly text: string
  readonly ofBytes: (bytes: number) => number
  readonly ofCharacters: (characters: number) => number
  readonly position: (offset: number) => Position
}

const LEADING = /(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*/y

/** The offset of the first token at or after `offset`, past white space and comments. */
export const firstToken = (text: string, offset: number): number => {
  LEADING.lastIndex = offset
  const skipped = LEADING.exec(text)?.[0].length ?? 0
  return Math.min(offset + skipped, text.length)
}

export const sqlText = (text: string): SqlText => {
  const bytes = new TextEncoder().encode(text)
  return {
    text,
    ofBytes: (count) => new TextDecoder().decode(bytes.subarray(0, count)).length,
    ofCharacters: (count) => [...text].slice(0, count).join('').length,
    position: (offset) => {
      const before = text.slice(0, offset).split('\n')
      return { line: before.length, column: (before.at(-1) ?? '').length + 1 }
    },
  }
}
