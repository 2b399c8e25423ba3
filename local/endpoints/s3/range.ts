import { S3Error } from './errors.ts'

/** Bytes of an object, both ends included. */
export interface Range {
  readonly first: number
  readonly last: number
}

/**
 * `bytes=0-9`, `bytes=10-`, `bytes=-5` of an object of that size; `null` for the whole of it, also where the header is
 * none of these, as HTTP has it. Throws InvalidRange when no byte is in it.
 */
export const parseRange = (header: string | undefined, bytes: number): Range | null => {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? []
  if (from === '' && to === '') return null
  const first = from === '' ? Math.max(0, bytes - Number(to)) : Number(from)
  const last = from === '' || to === '' ? bytes - 1 : Math.min(Number(to), bytes - 1)
  if (from !== '' && to !== '' && Number(to) < first) return null
  if (first < bytes && first <= last) return { first, last }
  throw new S3Error(416, 'InvalidRange', `The requested range is not satisfiable: ${header} of ${bytes} bytes.`)
}
