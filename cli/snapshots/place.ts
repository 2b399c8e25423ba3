import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { s3SweptObjects } from '#aws/objects-sweep.ts'
import { RollbackError } from '#core/errors.ts'
import type { SweptObjects } from '#core/ports.ts'
import { openLocalBucket } from '#local/bucket.ts'

export interface PlaceOptions {
  readonly state?: string
  readonly bucket?: string
  readonly environment?: string
}

/** Where snapshots are: a bucket of AWS, or that of a state folder. */
export interface Place {
  readonly objects: SweptObjects
  /** For people. */
  readonly label: string
  /** Manifests of another one are refused. */
  readonly environment: string
}

const usage = (message: string, fix: string) => new RollbackError('Usage.Invalid', message, { fix, category: 'usage' })

export const environmentOf = ({ environment, bucket }: PlaceOptions): string => {
  if (environment !== undefined) return environment
  if (bucket === undefined) return 'local'
  throw usage(
    'There is no "--environment".',
    'Name that of the bucket, --environment prod: other snapshots are refused.',
  )
}

/** Throws `Usage.Invalid` for a folder that no run and no snapshot was ever in: a mistyped name has no snapshots, too. */
const requireState = async (directory: string): Promise<void> => {
  const found = await stat(join(directory, 's3')).catch(() => null)
  if (found?.isDirectory()) return
  throw usage(`"${directory}" is not the state of a run.`, 'Correct --state: the folder that "run --local" was given.')
}

/**
 * Opens the place for `work` and closes it. `start`: the place may be new. The SDK finds credentials and region of a real
 * bucket as everywhere, and honours AWS_ENDPOINT_URL.
 */
export const atPlace = async <T>(
  options: PlaceOptions,
  begin: 'look' | 'start',
  work: (place: Place) => Promise<T>,
): Promise<T> => {
  const { state, bucket } = options
  if ((state === undefined) === (bucket === undefined)) {
    throw usage(
      `There is ${state === undefined ? 'neither' : 'both'} "--state" ${state === undefined ? 'nor' : 'and'} "--bucket".`,
      'Give one: --state for the folder of local runs, --bucket for a bucket of AWS.',
    )
  }
  const environment = environmentOf(options)
  if (bucket !== undefined) return work({ objects: s3SweptObjects(bucket), label: `s3://${bucket}`, environment })
  const directory = resolve(state ?? '')
  if (begin === 'look') await requireState(directory)
  const { objects, close } = await openLocalBucket(directory)
  try {
    return await work({ objects, label: directory, environment })
  } finally {
    await close()
  }
}
