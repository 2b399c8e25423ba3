import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { redactLiterals } from '#core/evidence/redact.ts'

describe('a literal is redacted', () => {
  test.each([
    ['a string', `select 'Ann'`, `select ?`],
    ['a string with a doubled quote', `select 'O''Neill', b`, `select ?, b`],
    ['a string with a backslash, which is an ordinary character', String.raw`select 'C:\', 'Ann'`, 'select ?, ?'],
    ['an empty string', `select ''`, 'select ?'],
    ['a string of escapes', String.raw`select E'O\'Neill\\', e'\\', b`, 'select ?, ?, b'],
    ['a string of Unicode escapes', String.raw`select U&'d\0061t!+000061' uescape '!', u&'x'`, 'select ? uescape ?, ?'],
    ['bits and bytes', `select B'101', b'1', X'1FF', x'ab'`, 'select ?, ?, ?, ?'],
    ['a national string', `select N'Ann', n'Ben'`, 'select ?, ?'],
    ['a dollar-quoted string', 'select $$Ann$$, b', 'select ?, b'],
    ['a dollar-quoted string with a tag', 'do $body$ begin perform $$Ann$$; end $body$', 'do ?'],
    ['a dollar-quoted string with another dollar in it', `select $a$ costs 5$ or $b$ $a$, 'x'`, 'select ?, ?'],
    ['an integer', 'limit 10', 'limit ?'],
    ['a decimal', 'select 3.14, .5, 5., -2', 'select ?, ?, ?, -?'],
    ['an exponent', 'select 1e10, 1.5E-3, .5e+7', 'select ?, ?, ?'],
    ['an integer of another base', 'select 0x1F, 0o17, 0b101, 0XAB', 'select ?, ?, ?, ?'],
    ['an integer with underscores', 'select 1_000_000, 0x_FF', 'select ?, ?'],
    ['a vector', `order by embedding <=> '[0.12,-3,4e-5]'::vector`, 'order by embedding <=> ?::vector'],
    ['an array', `any (array[1, 2, 3])`, 'any (array[?, ?, ?])'],
    ['a string that goes on in the next line', `select 'An'\n  'n', b`, 'select ?, b'],
    ['a string of escapes that goes on', `select E'a' -- why\n 'b\\' secret', c`, 'select ?, c'],
    ['two strings in one line', `select 'a' 'b'`, 'select ? ?'],
    ['a string right after a word', `select date'2026-11-21'`, 'select date?'],
  ])('%s', (_, query, shown) => {
    expect(redactLiterals(query)).toBe(shown)
  })
})

describe('a literal that the server cut off is redacted to the end', () => {
  test.each([
    `'Ann and `,
    `'Ann''`,
    `E'Ann\\`,
    `E'Ann\\'`,
    `U&'Ann`,
    `X'41`,
    '$$Ann',
    '$tag$Ann$ta',
    '$tag$Ann $$',
    '3.1',
    '0x4',
    '/* Ann /* Ben */ Ann',
    '-- Ann',
  ])('%s', (cut) => {
    expect(redactLiterals(`select ${cut}`)).toMatch(/^select [? ]$/)
  })
})

describe('a comment is dropped, whatever it quotes', () => {
  test.each([
    ['select 1 -- Ann\nfrom t', 'select ?  \nfrom t'],
    ['select 1 -- Ann\rfrom t', 'select ?  \rfrom t'],
    ['select /* Ann */ b', 'select   b'],
    ['select /* a /* b */ Ann */ c', 'select   c'],
    ['select /*/ Ann */ c', 'select   c'],
    ["select /* it's */ 'Ann' /* it's */", 'select   ?  '],
    ['select a/**/b', 'select a b'],
    [`select '-- no comment', "/* none */"`, 'select ?, "/* none */"'],
  ])('%s', (query, shown) => {
    expect(redactLiterals(query)).toBe(shown)
  })
})

describe('what is no literal stays', () => {
  test.each([
    'select t1.col2 from schema3.table4 t1 where t1.id5 = $1 and x = $23',
    'select "Ann 42", "a""b 7", "it\'s" from "T 1"',
    'select a_1$2, naïve7, 日本8, _x9, ébé10 from "Ω"',
    'select a -> b ->> c #> d @> e <=> f ?| g',
    'U&"d\\0061t" is null',
    'set local role app',
  ])('%s', (query) => {
    expect(redactLiterals(query)).toBe(query)
  })

  test('also a word that ends like the beginning of a string', () => {
    expect(redactLiterals(`select table'x', be'y\\' from t`)).toBe('select table?, be? from t')
    expect(redactLiterals(`select 🔒e'it\\' from t`)).toBe('select 🔒e? from t')
    expect(redactLiterals('select a$b$c from t where d = $b$Ann$b$')).toBe('select a$b$c from t where d = ?')
  })
})

/** Never part of an identifier below. */
const secret = fc.constantFrom('s3cr3t', 'Ann', '4711', "O''Neill", '"quoted"', '$1', '--', '/*', '*/', 'é', '\n', ' ')
const secrets = fc.array(secret, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(''))
const digits = fc.stringMatching(/^[0-9]{1,6}$/)
const literal = fc.oneof(
  secrets.map((text) => `'${text}'`),
  secrets.map((text) => `E'${text}\\' ${text.replaceAll('\n', '')}\\\\'`),
  secrets.map((text) => `U&'${text}'`),
  secrets.map((text) => `$$${text.replaceAll('$', '')}$$`),
  secrets.map((text) => `$tag$${text.replaceAll('$', '')} $$ $other$ $tag$`),
  secrets.map((text) => `-- ${text.replaceAll('\n', '')}\n`),
  secrets.map((text) => `/* ${text.replaceAll('/*', '').replaceAll('*/', '')} /* s3cr3t */ Ann */`),
  digits,
  fc.tuple(digits, digits).map(([a, b]) => `${a}.${b}e-${b}`),
  digits.map((text) => `0x${text}`),
)
const word = fc
  .constantFrom('select', 'from', 'x', 'e', 'b', 'u', '"kept', '$', 'tag', '::text', '<=>', '(', ')')
  .map((text) => (text === '"kept' ? '"kept"' : text === '$' ? '=' : text))

test('nothing of any literal is left, and every word is, in its order', () => {
  const pieces = fc.array(
    fc.oneof(
      literal.map((text) => ({ text, kept: '' })),
      word.map((text) => ({ text, kept: text })),
    ),
    {
      maxLength: 20,
    },
  )
  fc.assert(
    fc.property(pieces, (parts) => {
      const shown = redactLiterals(parts.map(({ text }) => text).join(' , '))
      expect(shown.replaceAll(/[\s?,]/g, '')).toBe(
        parts
          .map(({ kept }) => kept)
          .join('')
          .replaceAll(/[\s-]/g, ''),
      )
    }),
    { numRuns: 1000 },
  )
})

test('redacting twice changes nothing more', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...`ab1'"$-/*\\\n .eE?é`), maxLength: 40 }), (query) => {
      const once = redactLiterals(query)
      expect(redactLiterals(once).replaceAll(' ', '')).toBe(once.replaceAll(' ', ''))
    }),
  )
})

describe('a query made to be slow is not', () => {
  const LONG = 1 << 20
  test.each([
    ['quotes', "'"],
    ['strings', "'a'\n"],
    ['lines', "'a'--\n"],
    ['escapes', "E'\\'"],
    ['dollars', '$a'],
    ['tags', '$a$b'],
    ['open comments', '/*'],
    ['half comments', '/*/'],
    ['minus signs', '--\n'],
    ['digits', '1_'],
    ['dots', '1.'],
    ['letters', 'e1'],
    ['double quotes', '""'],
    ['blanks', ' '],
    ['backslashes', '\\'],
  ])('a mebibyte of %s', (_, unit) => {
    const query = unit.repeat(LONG / unit.length)
    const shown = redactLiterals(query)
    expect(shown.length).toBeLessThanOrEqual(query.length)
  })
})
