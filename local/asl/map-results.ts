import type { MapState } from './definition.ts'
import type { Json, JsonObject } from './json.ts'
import { evaluateAs, type Scene } from './jsonata.ts'
import type { ExecutionContext, Place } from './run.ts'
import type { ExecutionResult } from './run-execution.ts'
import { StateError } from './state-error.ts'

/** A child execution that was begun. `result` is null until it has ended. */
export interface Child {
  readonly context: ExecutionContext
  readonly input: Json
  result: ExecutionResult | null
  stopDate?: Date
}

/** Where a Map leaves what became of its children. */
export interface ResultsAt {
  readonly bucket: string
  readonly prefix: string
}

/** `null` for a Map without a writer. */
export async function resultsAt({ ResultWriter }: MapState, scene: Scene): Promise<ResultsAt | null> {
  if (ResultWriter === undefined) return null
  const { Bucket, Prefix } = ResultWriter.Arguments
  return {
    bucket: await evaluateAs('string', Bucket, 'ResultWriter/Arguments/Bucket', scene),
    prefix: await evaluateAs('string', Prefix, 'ResultWriter/Arguments/Prefix', scene),
  }
}

const FILES = ['SUCCEEDED', 'FAILED', 'PENDING'] as const
type File = (typeof FILES)[number]

/** What has failed, timed out or was aborted lies in one file. */
const fileOf = ({ result }: Child): File =>
  result === null ? 'PENDING' : result.status === 'SUCCEEDED' ? 'SUCCEEDED' : 'FAILED'

const recordOf = ({ context, input, result, stopDate }: Child): JsonObject => ({
  ExecutionArn: context.executionArn,
  Input: JSON.stringify(input),
  InputDetails: { Included: true },
  Name: context.executionName,
  ...(result?.status === 'SUCCEEDED'
    ? { Output: JSON.stringify(result.output), OutputDetails: { Included: true } }
    : {}),
  ...(result?.error === undefined ? {} : { Error: result.error }),
  ...(result?.cause === undefined ? {} : { Cause: result.cause }),
  StartDate: context.startTime.toISOString(),
  StateMachineArn: context.stateMachineArn,
  Status: result?.status ?? 'PENDING',
  ...(stopDate === undefined ? {} : { StopDate: stopDate.toISOString() }),
})

/**
 * Writes the files, then the manifest that names them, and resolves to what the Map gives instead of its results. Throws
 * `States.ResultWriterFailed`.
 */
export async function writeResults(
  { bucket, prefix }: ResultsAt,
  { mapRunArn, children }: { mapRunArn: string; children: readonly Child[] },
  { run }: Place,
): Promise<Json> {
  const folder = `${prefix}/${mapRunArn.split(':').at(-1)}`
  const put = async (key: string, body: Json): Promise<void> => {
    try {
      await run.env.writeResults({ bucket, key }, body)
    } catch (thrown) {
      throw new StateError('States.ResultWriterFailed', thrown instanceof Error ? thrown.message : String(thrown))
    }
  }
  const files: Record<File, { Key: string; Size: number }[]> = { FAILED: [], PENDING: [], SUCCEEDED: [] }
  for (const file of FILES) {
    const records = children.filter((child) => fileOf(child) === file).map(recordOf)
    if (records.length === 0) continue
    const key = `${folder}/${file}_0.json`
    await put(key, records)
    files[file].push({ Key: key, Size: Buffer.byteLength(JSON.stringify(records)) })
  }
  const manifest = `${folder}/manifest.json`
  await put(manifest, { DestinationBucket: bucket, MapRunArn: mapRunArn, ResultFiles: files })
  return { MapRunArn: mapRunArn, ResultWriterDetails: { Bucket: bucket, Key: manifest } }
}
