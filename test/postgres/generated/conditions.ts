import type { Random } from './random.ts'
import type { GeneratedTable } from './table.ts'

/**
 * A condition on a row that may be stored anywhere, of the kinds that PostgreSQL does not read as what it prints them: lists
 * and BETWEEN, joined in all ways. `of`: what stands before the columns, as `new.`.
 */
export function condition(t: GeneratedTable, r: Random, of = ''): string {
  const text = r.maybe(t.columns.filter(({ type }) => type.can.includes('text')))
  const key = t.key && t.key.type.type !== 'uuid' ? `${of}${t.key.id}` : null
  const single = (): string => {
    const terms = [
      ...(text
        ? [
            `${of}${text.id} in ('a) and (b', 'it''s')`,
            `${of}${text.id} not in ('a', E'\\\\', '[', 'é')`,
            `${of}${text.id} between 'a' and 'b'`,
            `${of}${text.id} = any (array['a', 'b']::varchar[])`,
            `${of}${text.id} <> all (array['a', ${of}${text.id}]::varchar(3)[]::text[])`,
          ]
        : []),
      ...(key === null
        ? ['1 between 0 and 2']
        : [
            `${key} in (1, 2)`,
            `${key} between 1 and 99`,
            `${key} not between 7 and 9`,
            `${key}::numeric = any (array[1, 2])`,
            `(${key}, 1) in ((1, 1), (2, 1))`,
          ]),
    ]
    return r.pick(terms)
  }
  const joined = (depth: number): string => {
    if (depth === 0 || r.chance(0.3)) return single()
    const terms = Array.from({ length: 2 + r.below(2) }, () => joined(depth - 1))
    return r.pick([terms.join(' and '), `(${terms.join(' or ')})`, terms.join(' or '), `not (${terms.join(' and ')})`])
  }
  return joined(2)
}
