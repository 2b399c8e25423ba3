import { createHash, randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { writeDurably } from '../durable-file.ts'
import type { Condition } from './condition.ts'
import { StoredObject } from './stored-object.ts'
import { Uploads } from './uploads.ts'

/**
 * The objects of a bucket: `objects/<SHA-256 of the key>.json` and the files it names in `bytes/`. A key can be anything,
 * a file name cannot. The index is read from the files at the start; bytes that no JSON names, and JSON whose bytes are
 * not all there, are left from a write that was cut off, and go.
 */
export class Bucket {
  readonly name: string
  readonly uploads: Uploads
  readonly #directory: string
  readonly #objects = new Map<string, StoredObject>()
  readonly #readers = new Map<StoredObject, number>()
  /** In the order of S3, by UTF-8 bytes; made again after a key came or went. */
  #sorted: readonly string[] | null = null

  constructor(name: string, directory: string) {
    this.name = name
    this.#directory = directory
    for (const folder of ['objects', 'bytes']) mkdirSync(join(directory, folder), { recursive: true })
    this.#load()
    this.uploads = new Uploads(join(directory, 'uploads'))
  }

  get(key: string): StoredObject | undefined {
    return this.#objects.get(key)
  }

  /** All keys, in UTF-8 order. */
  keys(): readonly string[] {
    this.#sorted ??= [...this.#objects.keys()]
      .map((key) => ({ key, bytes: Buffer.from(key) }))
      .sort((left, right) => Buffer.compare(left.bytes, right.bytes))
      .map(({ key }) => key)
    return this.#sorted
  }

  newFile(): { name: string; path: string } {
    const name = randomUUID()
    return { name, path: this.path(name) }
  }

  path(file: string): string {
    return join(this.#directory, 'bytes', file)
  }

  /**
   * Makes bytes that are on the disk the object of their key. The condition is checked and the object replaced without
   * giving way to another request: of many conditional writers one wins. The files of the others go.
   */
  commit(object: StoredObject, condition: Condition): void {
    const before = this.#objects.get(object.key)
    try {
      condition(object.key, before)
      writeDurably(this.#jsonPath(object.key), JSON.stringify(object))
    } catch (error) {
      this.#removeFiles(object)
      throw error
    }
    this.#objects.set(object.key, object)
    if (before === undefined) this.#sorted = null
    else this.#discard(before)
  }

  remove(key: string): void {
    const object = this.#objects.get(key)
    if (object === undefined) return
    rmSync(this.#jsonPath(key), { force: true })
    this.#objects.delete(key)
    this.#sorted = null
    this.#discard(object)
  }

  /** Keeps the files of the object while it is read, though it may be overwritten or deleted. Gives the release. */
  hold(object: StoredObject): () => void {
    this.#readers.set(object, (this.#readers.get(object) ?? 0) + 1)
    return () => {
      const left = (this.#readers.get(object) ?? 1) - 1
      if (left > 0) this.#readers.set(object, left)
      else this.#readers.delete(object)
      if (this.#objects.get(object.key) !== object) this.#discard(object)
    }
  }

  #discard(object: StoredObject): void {
    if (!this.#readers.has(object)) this.#removeFiles(object)
  }

  #removeFiles({ files }: StoredObject): void {
    for (const { name } of files) rmSync(this.path(name), { force: true })
  }

  #jsonPath(key: string): string {
    return join(this.#directory, 'objects', `${createHash('sha256').update(key).digest('hex')}.json`)
  }

  #load(): void {
    const folder = join(this.#directory, 'objects')
    const named = new Set<string>()
    for (const name of readdirSync(folder)) {
      const path = join(folder, name)
      const object = name.endsWith('.json') ? StoredObject.parse(JSON.parse(readFileSync(path, 'utf8'))) : null
      if (object === null || !object.files.every((file) => isWhole(this.path(file.name), file.bytes))) {
        rmSync(path)
        continue
      }
      this.#objects.set(object.key, object)
      for (const file of object.files) named.add(file.name)
    }
    for (const file of readdirSync(join(this.#directory, 'bytes'))) {
      if (!named.has(file)) rmSync(this.path(file))
    }
  }
}

const isWhole = (path: string, bytes: number): boolean => statSync(path, { throwIfNoEntry: false })?.size === bytes
