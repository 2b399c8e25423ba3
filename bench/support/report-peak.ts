import { readFileSync, writeSync } from 'node:fs'

/**
 * Loaded before a program (`node --import`), or by it: as the process ends, it writes the most memory that it ever had, in bytes, to
 * its fourth stream. The kernel's own high-water mark, so nothing between two looks is missed; not `maxRSS`, which on
 * Linux begins with that of the process that forked this one.
 */
const PEAK_STREAM = 3

process.on('exit', () => {
  const [, kibibytes] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  writeSync(PEAK_STREAM, String(Number(kibibytes) * 1024))
})
