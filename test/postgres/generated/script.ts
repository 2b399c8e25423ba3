import { quoteIdentifier as id } from '#core/sql/tag.ts'
import type { Statement } from './table.ts'

/** The statements as a script for psql. */
export const scriptOf = (statements: readonly Statement[]): string => {
  let role: string | null = null
  return statements
    .map(({ as, text }) => {
      const change = as === role ? '' : `set role ${id(as)};\n`
      role = as
      return `${change}${text};\n`
    })
    .join('')
}
