import { crc32 } from 'node:zlib'

/** A running checksum. */
export interface Running {
  update(bytes: Uint8Array): void
  digest(): Buffer
}

interface Crc {
  /** Bits. */
  readonly width: 32 | 64
  /** Reflected, without its highest term. All of them start with and are finally combined with all ones. */
  readonly polynomial: bigint
}

export const CRCS = {
  CRC32: { width: 32, polynomial: 0xedb88320n },
  CRC32C: { width: 32, polynomial: 0x82f63b78n },
  CRC64NVME: { width: 64, polynomial: 0x9a6c9329ac4bc9b5n },
} as const satisfies Record<string, Crc>

export const runningCrc = (name: keyof typeof CRCS): Running =>
  name === 'CRC32' ? new Zlib() : new ByTable(CRCS[name])

class Zlib implements Running {
  #value = 0

  update(bytes: Uint8Array): void {
    this.#value = crc32(bytes, this.#value)
  }

  digest(): Buffer {
    const digest = Buffer.alloc(4)
    digest.writeUInt32BE(this.#value)
    return digest
  }
}

/** One byte at a time, in two halves of 32 bits; the upper one stays 0 for a CRC of 32. */
class ByTable implements Running {
  readonly #crc: Crc
  readonly #table: { readonly low: Uint32Array; readonly high: Uint32Array }
  #low = 0xffffffff
  #high: number

  constructor(crc: Crc) {
    this.#crc = crc
    this.#table = tableOf(crc)
    this.#high = crc.width === 64 ? 0xffffffff : 0
  }

  update(bytes: Uint8Array): void {
    const { low: lows, high: highs } = this.#table
    let [low, high] = [this.#low, this.#high]
    for (const byte of bytes) {
      const index = (low ^ byte) & 0xff
      low = ((low >>> 8) | (high << 24)) ^ (lows[index] ?? 0)
      high = (high >>> 8) ^ (highs[index] ?? 0)
    }
    this.#low = low
    this.#high = high
  }

  digest(): Buffer {
    const digest = Buffer.alloc(this.#crc.width / 8)
    if (this.#crc.width === 64) digest.writeUInt32BE(~this.#high >>> 0)
    digest.writeUInt32BE(~this.#low >>> 0, digest.length - 4)
    return digest
  }
}

const tables = new Map<Crc, { low: Uint32Array; high: Uint32Array }>()

const tableOf = (crc: Crc) => {
  const known = tables.get(crc)
  if (known !== undefined) return known
  const table = { low: new Uint32Array(256), high: new Uint32Array(256) }
  for (let byte = 0; byte < 256; byte++) {
    let value = BigInt(byte)
    for (let bit = 0; bit < 8; bit++) value = halved(value, crc)
    table.low[byte] = Number(value & 0xffffffffn)
    table.high[byte] = Number(value >> 32n)
  }
  tables.set(crc, table)
  return table
}

/** Times x, in the reflected representation. */
const halved = (value: bigint, { polynomial }: Crc): bigint => (value & 1n ? (value >> 1n) ^ polynomial : value >> 1n)

/** The checksum of two pieces in a row, from theirs and the length of the second: x^(8·length)·a + b, as in zlib. */
export const combineCrc = (name: keyof typeof CRCS, first: Buffer, second: Buffer, secondBytes: number): Buffer => {
  const crc: Crc = CRCS[name]
  const one = 1n << BigInt(crc.width - 1)
  let factor = one
  // x^8, squared once for each bit of the length.
  let power = one >> 8n
  for (let length = BigInt(secondBytes); length > 0n; length >>= 1n) {
    if (length & 1n) factor = product(factor, power, crc)
    power = product(power, power, crc)
  }
  const combined = product(factor, toInteger(first), crc) ^ toInteger(second)
  return Buffer.from(combined.toString(16).padStart(crc.width / 4, '0'), 'hex')
}

const toInteger = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString('hex')}`)

/** a·b modulo the polynomial. */
const product = (a: bigint, b: bigint, crc: Crc): bigint => {
  let sum = 0n
  let shifted = b
  for (let bit = 1n << BigInt(crc.width - 1); bit > 0n; bit >>= 1n) {
    if (a & bit) sum ^= shifted
    shifted = halved(shifted, crc)
  }
  return sum
}
