import { type Random, random } from './random.ts'

/** What names are made of: whatever somebody who quotes badly trips over. */
const FRAGMENTS = [
  ...[
    'docs',
    'Docs',
    'é ü',
    'a"b',
    '""',
    'semi;colon',
    "it's",
    'back\\slash',
    '向量',
    '🧭',
    '%s %I',
    '$1',
    '$$',
    ':name',
  ],
  ...[
    '-- x',
    '/* y',
    'new\nline',
    'tab\t',
    'SELECT',
    'dot.dot',
    '{}',
    '(',
    '[',
    'İı',
    ' REFERENCES ',
    'NOT VALID',
    ' USING ',
  ],
]
const LIMIT = 63

/** Names of one database, no two of them alike; every third one an ordinary one. */
export class Names {
  readonly #random: Random
  #count = 0

  constructor(seed: number) {
    this.#random = random(seed, 'names')
  }

  next(kind: string): string {
    this.#count += 1
    const number = this.#count.toString(36)
    if (this.#random.chance(0.3)) return `${kind}_${number}`
    const parts = Array.from({ length: 1 + this.#random.below(3) }, () => this.#random.pick(FRAGMENTS))
    const name = `${parts[0]}${number}${parts.slice(1).join(' ')}`
    // As long as a name can be, in letters of two bytes and of four.
    return this.#random.chance(0.15)
      ? cut(name + this.#random.pick(['ü', '🧭']).repeat(LIMIT), LIMIT)
      : cut(name, LIMIT)
  }

  /** A role: they belong to the server, and start with what the test database is called. */
  role(prefix: string): string {
    return cut(`${prefix}${this.next('role')}`, LIMIT)
  }
}

function cut(name: string, bytes: number): string {
  let kept = ''
  for (const char of name) {
    if (Buffer.byteLength(kept + char) > bytes) break
    kept += char
  }
  return kept
}
