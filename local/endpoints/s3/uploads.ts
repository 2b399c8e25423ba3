import { randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { writeDurably } from '../durable-file.ts'
import { noSuchUpload } from './errors.ts'
import { Algorithm, ChecksumType } from './stored-object.ts'

const Upload = z.strictObject({
  id: z.string(),
  key: z.string(),
  initiated: z.iso.datetime(),
  headers: z.record(z.string(), z.string()),
  checksum: z.strictObject({ algorithm: Algorithm, type: ChecksumType }).nullable(),
})
export type Upload = z.infer<typeof Upload>

const Part = z.strictObject({
  number: z.int(),
  file: z.string(),
  bytes: z.int(),
  /** Hexadecimal: the MD5 of its bytes, or of the checksum that came with them. */
  md5: z.string(),
  /** Base64, of the algorithm of the upload. */
  checksum: z.string().nullable(),
})
export type Part = z.infer<typeof Part>

interface Open {
  readonly upload: Upload
  readonly parts: Map<number, Part>
}

/**
 * The multipart uploads of a bucket that are under way, each in a folder: `upload.json`, `<number>.json` and the file of
 * bytes that it names. They outlive a restart, as in S3.
 */
export class Uploads {
  readonly #directory: string
  readonly #open = new Map<string, Open>()

  constructor(directory: string) {
    this.#directory = directory
    mkdirSync(directory, { recursive: true })
    for (const id of readdirSync(directory)) this.#load(id)
  }

  create(upload: Omit<Upload, 'id'>): Upload {
    const created = { id: randomUUID(), ...upload }
    writeDurably(this.#path(created.id, 'upload.json'), JSON.stringify(created))
    this.#open.set(created.id, { upload: created, parts: new Map() })
    return created
  }

  /** Throws NoSuchUpload: completed, aborted, or of another key. */
  get(id: string, key: string): Open {
    const open = this.#open.get(id)
    if (open !== undefined && open.upload.key === key) return open
    throw noSuchUpload(id)
  }

  all(): Upload[] {
    return [...this.#open.values()].map(({ upload }) => upload)
  }

  newPart(id: string): { file: string; path: string } {
    const file = randomUUID()
    return { file, path: this.#path(id, file) }
  }

  partPath(id: string, { file }: Part): string {
    return this.#path(id, file)
  }

  /** Replaces an earlier part of the same number. */
  addPart(id: string, key: string, part: Part): void {
    const { parts } = this.get(id, key)
    const before = parts.get(part.number)
    writeDurably(this.#path(id, `${part.number}.json`), JSON.stringify(part))
    parts.set(part.number, part)
    if (before !== undefined) rmSync(this.partPath(id, before), { force: true })
  }

  remove(id: string): void {
    this.#open.delete(id)
    // First, so that what a kill leaves of the folder is swept at the next start.
    rmSync(this.#path(id, 'upload.json'), { force: true })
    rmSync(join(this.#directory, id), { recursive: true, force: true })
  }

  #path(id: string, name: string): string {
    return join(this.#directory, id, name)
  }

  #load(id: string): void {
    const names = readdirSync(join(this.#directory, id))
    if (!names.includes('upload.json')) {
      rmSync(join(this.#directory, id), { recursive: true })
      return
    }
    const parts = names
      .filter((name) => /^\d+\.json$/.test(name))
      .map((name) => Part.parse(this.#json(id, name)))
      .filter((part) => statSync(this.partPath(id, part), { throwIfNoEntry: false })?.size === part.bytes)
    const kept = new Set(['upload.json', ...parts.flatMap(({ number, file }) => [`${number}.json`, file])])
    for (const name of names) if (!kept.has(name)) rmSync(this.#path(id, name))
    const upload = Upload.parse(this.#json(id, 'upload.json'))
    this.#open.set(id, { upload, parts: new Map(parts.map((part) => [part.number, part])) })
  }

  #json(id: string, name: string): unknown {
    return JSON.parse(readFileSync(this.#path(id, name), 'utf8'))
  }
}
