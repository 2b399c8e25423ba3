import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'

const Result = z.strictObject({
  plan: z.string(),
  /** Of the plan, and of the tests that were asked. */
  digest: z.string(),
  place: z.string(),
  /** `whole`: nothing was taken out, and all passed. `refused`: the plan does not load without it, so that nobody can run it.
   * `repeated`: it asks what is asked right after it anyway. */
  outcome: z.enum(['whole', 'missed', 'refused', 'repeated', 'survived']),
  /** The test that failed and how, or why the plan is refused. */
  by: z.string(),
  seconds: z.number(),
  at: z.string(),
})
export type Result = z.infer<typeof Result>

/** What was found so far, in a file: a night may be too short. */
export class Results {
  readonly #file: string
  #all: Result[]

  private constructor(file: string, all: Result[]) {
    this.#file = file
    this.#all = all
  }

  static async open(file: string): Promise<Results> {
    const text = await readFile(file, 'utf8').catch(() => '[]')
    return new Results(file, z.array(Result).parse(JSON.parse(text)))
  }

  of(plan: string): readonly Result[] {
    return this.#all.filter((one) => one.plan === plan)
  }

  /** Results of another plan or other tests than there are now say nothing; `null` forgets all of the plan. */
  keepOnly(plan: string, digest: string | null): void {
    this.#all = this.#all.filter((one) => one.plan !== plan || one.digest === digest)
  }

  async add(result: Result): Promise<void> {
    this.#all.push(result)
    await mkdir(dirname(this.#file), { recursive: true })
    await writeFile(this.#file, `${JSON.stringify(this.#all, null, 2)}\n`)
  }
}
