import { setFlagsFromString } from 'node:v8'

/**
 * Lets the heap grow to three times what is alive before all of it is marked. What streams through lies outside of the heap, in
 * buffers that die young, and counts all the same: with V8's own measure the collector ran after every 25 MB of it, and took as long
 * as all hashes together. `NODE_OPTIONS` may not carry this flag, so the function sets it as it starts.
 */
export const collectLate = (): void => setFlagsFromString('--heap-growing-percent=200')
