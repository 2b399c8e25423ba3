import { hnswBytes } from '#core/restore/index-memory.ts'
import { pollSeconds } from '#core/restore/poll.ts'

/** A table as it may become one day. */
export interface Size {
  readonly rows: number
  readonly dims: number
}

/** What a snapshot and a restore of it would take. Times in seconds, money in dollars. */
export interface SizePreview {
  readonly bytes: number
  readonly parts: number
  readonly concurrency: number
  readonly snapshotSeconds: number
  readonly verifySeconds: number
  readonly loadSeconds: number
  /** Of the restored table with the manifest, piece by piece; a purge compares the retired one once more, at once. */
  readonly compareSeconds: number
  readonly indexSeconds: number
  readonly indexMemoryBytes: number
  /** Whether the graph fits into what `maintenance_work_mem` is set to. */
  readonly indexFitsMemory: boolean
  /** Of the execution that has most of them: a restore, with its index builds. */
  readonly historyEvents: number
  readonly gigabyteSeconds: number
  readonly lambdaRequests: number
  readonly s3Requests: number
  readonly stateTransitions: number
  readonly dollars: { readonly once: number; readonly storedPerMonth: number }
  /** What would not work, each with what to do. */
  readonly problems: readonly string[]
}

export interface SizeSettings {
  readonly partBytes: number
  readonly concurrency: number
}

/** Bytes of a row in binary COPY beside its vector: 100,000 rows of `vector(1536)` with their text were 671 MB. */
const ROW_BYTES = 560
const VECTOR_HEADER = 8

/**
 * Bytes a second of one function with a whole processor. Half of what one connection did on a machine of two cores beside its
 * database (288 out with compression, 203 in): a network lies between, and the processor is another.
 */
const COPY_OUT = 140e6
const READ_AGAIN = 250e6
const LOAD = 100e6
/** Rows and digests of a table, by one connection: 671 MB in 1.5 s. */
const COMPARE = 450e6

/** HNSW with m = 16 over 100,000 rows of 1,536 dimensions, two workers, graph in memory; three times that where it is not. */
const INDEX_SECONDS = 132 / (100_000 * 1_536)
const SPILLED = 3
const INDEX_MEMORY = 2 * 1024 ** 3

/** https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html: events of one Standard execution. */
export const MOST_EVENTS = 25_000
/**
 * A line of the record for each part: who tells people has 50 s to read all of them, 16 at a time, 25 ms each. The manifest alone, which
 * every step of a restore reads, would fit into a function of 512 MB up to four times as many.
 */
export const MOST_PARTS = 25_000
/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 15 minutes, less what the deployment keeps. */
const FUNCTION_SECONDS = 890
/** Of the whole machine, in `rollback.asl.json`. */
const MACHINE_SECONDS = 30 * 86_400

/** Over the parts: they are copied out, read again, and loaded. */
const MAPS = 3
/** Entered, scheduled, started, succeeded, left; a wait two, a choice two. */
const POLL_EVENTS = 9
/** States of a restore beside the polls, with their retries. */
const OTHER_EVENTS = 1_000

const PIECE_BYTES = 5 * 1024 * 1024
/** Megabytes of what copies, and of what else runs. */
const COPIES_GB = 1_769 / 1_024
const OTHERS_GB = 0.5

/**
 * List prices in dollars of us-east-1, November 2026, without free tiers: https://aws.amazon.com/lambda/pricing/ (arm64),
 * https://aws.amazon.com/step-functions/pricing/ (Standard), https://aws.amazon.com/s3/pricing/ (Standard; a transfer within the
 * region, by the gateway endpoint, costs nothing).
 */
const PRICES = {
  gigabyteSecond: 0.0000133334,
  lambdaRequest: 0.2 / 1e6,
  transition: 0.025 / 1_000,
  put: 0.005 / 1_000,
  get: 0.0004 / 1_000,
  storedGigabyteMonth: 0.023,
} as const

/** How often a build of so long is asked after: the first call waits as long as its function may. */
export const pollsOf = (seconds: number): number => {
  let polls = 1
  for (let at = FUNCTION_SECONDS; at < seconds; at += pollSeconds(at)) polls += 1
  return polls
}

const hours = (seconds: number): string => `${(seconds / 3_600).toFixed(1)} hours`

const problemsOf = (
  { parts, compareSeconds, indexSeconds, historyEvents }: SizePreview,
  { partBytes, concurrency }: SizeSettings,
): string[] => {
  const found: string[] = []
  if (parts > MOST_PARTS)
    found.push(
      `${parts} parts are more than the ${MOST_PARTS} whose records a function reads in time: set snapshot.part-bytes to ${2 ** Math.ceil(Math.log2((partBytes * parts) / MOST_PARTS))}`,
    )
  if (partBytes / LOAD > FUNCTION_SECONDS)
    found.push(`one part takes longer than the ${FUNCTION_SECONDS} s of a function: make snapshot.part-bytes smaller`)
  if (compareSeconds > FUNCTION_SECONDS)
    found.push(
      `a purge compares a table with its manifest under its lock, in one function: ${hours(compareSeconds)} where it has ${FUNCTION_SECONDS} s, so that nothing is destroyed and the table stays retired. Partitions are compared one by one`,
    )
  if (historyEvents > MOST_EVENTS)
    found.push(`${historyEvents} events are more than the ${MOST_EVENTS} of one execution`)
  if (indexSeconds > MACHINE_SECONDS)
    found.push(
      `the index takes ${hours(indexSeconds)}, and a run ${hours(MACHINE_SECONDS)} at most: more memory and workers for its build, or partitions with an index each`,
    )
  if (concurrency > 16) found.push('snapshot.concurrency is 16 at most')
  return found
}

/**
 * What a table of this size costs to snapshot and to restore, by arithmetic alone: nothing is looked at. Figures are for planning,
 * within a factor of two or so; limits are those that AWS publishes.
 */
export const previewSize = ({ rows, dims }: Size, settings: SizeSettings): SizePreview => {
  const { partBytes, concurrency } = settings
  const bytes = rows * (4 * dims + VECTOR_HEADER + ROW_BYTES)
  const parts = Math.max(1, Math.ceil(bytes / partBytes))
  const abreast = Math.min(concurrency, parts)
  const indexMemoryBytes = hnswBytes({ rows, bytesPerVector: 4 * dims })
  const indexFitsMemory = indexMemoryBytes * 1.1 <= INDEX_MEMORY
  const indexSeconds = rows * dims * INDEX_SECONDS * (indexFitsMemory ? 1 : SPILLED)
  const compareSeconds = bytes / COMPARE
  const polls = pollsOf(indexSeconds)
  // A part is copied out, read again and loaded; its row count stands in a file beside it.
  const copying = bytes / COPY_OUT + bytes / READ_AGAIN + bytes / LOAD
  const gigabyteSeconds =
    copying * COPIES_GB + (polls + compareSeconds + Math.min(indexSeconds, FUNCTION_SECONDS)) * OTHERS_GB
  const lambdaRequests = MAPS * parts + polls + 60
  const puts = parts * (Math.ceil(partBytes / PIECE_BYTES) + 3)
  const gets = parts * 6
  const stateTransitions = MAPS * parts * 2 + polls * 3 + 80
  const preview: SizePreview = {
    bytes,
    parts,
    concurrency: abreast,
    snapshotSeconds: bytes / COPY_OUT / abreast,
    verifySeconds: bytes / READ_AGAIN / abreast,
    loadSeconds: bytes / LOAD / abreast,
    compareSeconds,
    indexSeconds,
    indexMemoryBytes,
    indexFitsMemory,
    historyEvents: polls * POLL_EVENTS + OTHER_EVENTS,
    gigabyteSeconds,
    lambdaRequests,
    s3Requests: puts + gets,
    stateTransitions,
    dollars: {
      once:
        gigabyteSeconds * PRICES.gigabyteSecond +
        lambdaRequests * PRICES.lambdaRequest +
        stateTransitions * PRICES.transition +
        puts * PRICES.put +
        gets * PRICES.get,
      storedPerMonth: (bytes / 1e9) * PRICES.storedGigabyteMonth,
    },
    problems: [],
  }
  return { ...preview, problems: problemsOf(preview, settings) }
}
