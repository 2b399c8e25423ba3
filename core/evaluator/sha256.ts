/** The first 32 bits of the fractional parts of square and cube roots of the first primes, as FIPS 180-4 has them. */
const constants = () => {
  const initial: number[] = []
  const round: number[] = []
  const fraction = (root: number) => ((root - Math.floor(root)) * 2 ** 32) | 0
  for (let candidate = 2; round.length < 64; candidate++) {
    let divisor = 2
    while (divisor * divisor <= candidate && candidate % divisor !== 0) divisor++
    if (divisor * divisor <= candidate) continue
    if (initial.length < 8) initial.push(fraction(Math.sqrt(candidate)))
    round.push(fraction(Math.cbrt(candidate)))
  }
  return { initial, round }
}
const { initial, round } = constants()

const turn = (word: number, by: number) => (word >>> by) | (word << (32 - by))

/** The message, a one bit, zeros, and its length in bits: whole blocks of 64 bytes. */
const padded = (message: Uint8Array): DataView => {
  const bytes = new Uint8Array(Math.ceil((message.length + 9) / 64) * 64)
  bytes.set(message)
  bytes[message.length] = 0x80
  const view = new DataView(bytes.buffer)
  view.setUint32(bytes.length - 8, Math.floor(message.length / 2 ** 29))
  view.setUint32(bytes.length - 4, (message.length << 3) >>> 0)
  return view
}

const scheduleOf = (view: DataView, start: number): Int32Array => {
  const words = new Int32Array(64)
  for (let i = 0; i < 16; i++) words[i] = view.getInt32(start + i * 4)
  for (let i = 16; i < 64; i++) {
    const [early, late] = [words[i - 15] ?? 0, words[i - 2] ?? 0]
    const s0 = turn(early, 7) ^ turn(early, 18) ^ (early >>> 3)
    const s1 = turn(late, 17) ^ turn(late, 19) ^ (late >>> 10)
    words[i] = ((words[i - 16] ?? 0) + s0 + (words[i - 7] ?? 0) + s1) | 0
  }
  return words
}

/**
 * The first four bytes of the SHA-256 of the message, as an unsigned big-endian number. Written out, since
 * WebCrypto answers later only, and `node:crypto` is not everywhere.
 */
export const sha256Head = (message: Uint8Array): number => {
  const view = padded(message)
  const state = [...initial]
  for (let start = 0; start < view.byteLength; start += 64) {
    const words = scheduleOf(view, start)
    let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state
    for (let i = 0; i < 64; i++) {
      const s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)
      const one = (h + s1 + ((e & f) ^ (~e & g)) + (round[i] ?? 0) + (words[i] ?? 0)) | 0
      const s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)
      const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
      ;[h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0]
    }
    for (const [i, word] of [a, b, c, d, e, f, g, h].entries()) state[i] = ((state[i] ?? 0) + word) | 0
  }
  return (state[0] ?? 0) >>> 0
}
