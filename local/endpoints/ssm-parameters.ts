import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { writeDurably } from './durable-file.ts'

const Version = z.strictObject({
  version: z.int().positive(),
  value: z.string(),
  type: z.enum(['String', 'StringList', 'SecureString']),
  description: z.string().optional(),
  /** Of a SecureString; the default key when there is none. */
  keyId: z.string().optional(),
  modifiedAt: z.iso.datetime().transform((text) => new Date(text)),
})
export type ParameterVersion = z.infer<typeof Version>

const Parameter = z.strictObject({
  name: z.string(),
  /** Oldest first. */
  versions: z.tuple([Version], Version),
  tags: z.record(z.string(), z.string()),
})
export type Parameter = z.infer<typeof Parameter>

/** Parameter Store keeps so many versions of a parameter. */
const MAX_VERSIONS = 100

/** The parameters of one state directory, in one file. Every change is on disk when the call returns. */
export class Parameters {
  readonly #path: string
  #byName: ReadonlyMap<string, Parameter>

  constructor(path: string) {
    this.#path = path
    this.#byName = new Map(load(path).map((parameter) => [parameter.name, parameter]))
  }

  get(name: string): Parameter | undefined {
    return this.#byName.get(name)
  }

  /** By name. */
  all(): Parameter[] {
    return [...this.#byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** A new version; the oldest one goes when there are too many. */
  put(name: string, content: Omit<ParameterVersion, 'version'>, tags: Readonly<Record<string, string>>): Parameter {
    const before = this.#byName.get(name)
    const version = { ...content, version: (before?.versions.at(-1)?.version ?? 0) + 1 }
    const [first, ...rest] = [...(before?.versions ?? []), version].slice(-MAX_VERSIONS)
    const parameter: Parameter = {
      name,
      versions: [first ?? version, ...rest],
      tags: { ...before?.tags, ...tags },
    }
    this.#save(new Map(this.#byName).set(name, parameter))
    return parameter
  }

  tag(parameter: Parameter, tags: Readonly<Record<string, string>>): void {
    const tagged = { ...parameter, tags: { ...parameter.tags, ...tags } }
    this.#save(new Map(this.#byName).set(parameter.name, tagged))
  }

  delete(name: string): void {
    const left = new Map(this.#byName)
    left.delete(name)
    this.#save(left)
  }

  /** In memory only when it is on disk: a failed write changes nothing. */
  #save(parameters: ReadonlyMap<string, Parameter>): void {
    writeDurably(this.#path, `${JSON.stringify([...parameters.values()], null, 2)}\n`)
    this.#byName = parameters
  }
}

const load = (path: string): Parameter[] => {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
  return z.array(Parameter).parse(JSON.parse(text))
}
