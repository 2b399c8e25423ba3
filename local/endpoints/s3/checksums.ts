import { createHash } from 'node:crypto'
import { type CRCS, combineCrc, type Running, runningCrc } from './crc.ts'
import { invalidRequest } from './errors.ts'

export type Algorithm = keyof typeof CRCS | 'SHA1' | 'SHA256'

const BYTES = { CRC32: 4, CRC32C: 4, CRC64NVME: 8, SHA1: 20, SHA256: 32 } as const satisfies Record<Algorithm, number>
const ALGORITHMS = Object.keys(BYTES) as Algorithm[]

/** `value` is in base64, with `-<parts>` when it is the checksum of the parts' checksums. */
export interface Checksum {
  readonly algorithm: Algorithm
  readonly value: string
  readonly type: 'FULL_OBJECT' | 'COMPOSITE'
}

export const headerOf = (algorithm: Algorithm): string => `x-amz-checksum-${algorithm.toLowerCase()}`

/** `ChecksumCRC32`: the element's name in XML. */
export const elementOf = (algorithm: Algorithm): string => `Checksum${algorithm}`

/** By S3's name, in any case. Throws InvalidRequest. */
export const parseAlgorithm = (name: string): Algorithm => {
  const found = ALGORITHMS.find((algorithm) => algorithm === name.toUpperCase())
  if (found === undefined) throw invalidRequest(`Checksum algorithm provided is unsupported: ${name}`)
  return found
}

export const running = (algorithm: Algorithm): Running => {
  if (algorithm !== 'SHA1' && algorithm !== 'SHA256') return runningCrc(algorithm)
  const hash = createHash(algorithm.toLowerCase())
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() }
}

/** The checksums that headers or trailers give. Throws InvalidRequest for one that cannot be a checksum. */
export const declaredIn = (fields: Readonly<Record<string, string | string[] | undefined>>): Map<Algorithm, string> => {
  const declared = new Map<Algorithm, string>()
  for (const algorithm of ALGORITHMS) {
    const value = fields[headerOf(algorithm)]
    if (typeof value !== 'string') continue
    if (Buffer.from(value, 'base64').length !== BYTES[algorithm]) {
      throw invalidRequest(`Value for ${headerOf(algorithm)} header is invalid.`)
    }
    declared.set(algorithm, value)
  }
  return declared
}

/** The checksum of an object from those of its parts, in their order. */
export const combined = (
  algorithm: Algorithm,
  type: Checksum['type'],
  parts: readonly { readonly value: string; readonly bytes: number }[],
): Checksum => {
  const values: Buffer[] = parts.map(({ value }) => Buffer.from(value, 'base64'))
  if (type === 'COMPOSITE') {
    const whole = running(algorithm)
    for (const value of values) whole.update(value)
    return { algorithm, type, value: `${whole.digest().toString('base64')}-${parts.length}` }
  }
  if (algorithm === 'SHA1' || algorithm === 'SHA256') {
    throw invalidRequest(`The FULL_OBJECT checksum type cannot be used with the ${algorithm} checksum algorithm.`)
  }
  const whole = values.reduce((sum, value, index) => combineCrc(algorithm, sum, value, parts[index]?.bytes ?? 0))
  return { algorithm, type, value: whole.toString('base64') }
}
