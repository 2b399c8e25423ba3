import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Bucket } from './bucket.ts'
import { noSuchBucket, S3Error } from './errors.ts'

/** The rules that keep a name a folder too: letters, digits, dots and hyphens, 3 to 63 of them. */
const NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/

/** The buckets of a directory, one folder each. */
export class Buckets {
  readonly #directory: string
  readonly #buckets = new Map<string, Bucket>()

  constructor(directory: string) {
    this.#directory = directory
    mkdirSync(directory, { recursive: true })
    for (const name of readdirSync(directory)) {
      if (NAME.test(name)) this.#buckets.set(name, new Bucket(name, join(directory, name)))
    }
  }

  /** Throws NoSuchBucket. */
  get(name: string): Bucket {
    const bucket = this.#buckets.get(name)
    if (bucket === undefined) throw noSuchBucket(name)
    return bucket
  }

  /** As in us-east-1, creating one's own bucket again changes nothing and is no error. */
  create(name: string): void {
    if (!NAME.test(name)) throw new S3Error(400, 'InvalidBucketName', `The specified bucket is not valid: "${name}".`)
    if (!this.#buckets.has(name)) this.#buckets.set(name, new Bucket(name, join(this.#directory, name)))
  }
}
