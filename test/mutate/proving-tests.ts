import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { z } from 'zod'
import { idsInTitles } from '#core/coverage/statement.ts'

/** Which tests prove what a plan covers. */
export interface Proving {
  /** Test files, relative to the folder of tests. They run whole: what a test finds is what those before it left. */
  readonly files: readonly string[]
  /** A test proves something when its title names one of these. */
  readonly ids: readonly string[]
}

export interface FailedTest {
  readonly title: string
  /** The first line of its failure. */
  readonly how: string
  /** Whether its title names an id, or none of its file could run. */
  readonly proves: boolean
}

export interface Proved {
  readonly passed: number
  readonly failed: readonly FailedTest[]
}

const Results = z.object({
  numPassedTests: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().default(''),
      assertionResults: z.array(
        z.object({
          title: z.string(),
          status: z.string(),
          failureMessages: z
            .array(z.string())
            .nullish()
            .transform((messages) => messages ?? []),
        }),
      ),
    }),
  ),
})

const firstLine = (text: string): string => (text.split('\n')[0] ?? '').slice(0, 160)

/** Runs test files of a project's folder, whole or until the first test fails. */
const runFiles = async (root: string, { files, ids }: Proving, until: 'end' | 'first-failure'): Promise<Proved> => {
  const output = join(root, 'test-output', 'mutation.json')
  await rm(output, { force: true })
  const args = [
    ...['run', '--reporter=json', `--outputFile=${output}`, ...(until === 'end' ? [] : ['--bail', '1'])],
    ...files.map((file) => `test/${file}`),
  ]
  const vitest = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', ...args], {
    cwd: root,
    stdio: 'ignore',
    env: { TEST_POSTGRES: '15', ...process.env },
  })
  await once(vitest, 'exit')
  const { numPassedTests, testResults } = Results.parse(JSON.parse(await readFile(output, 'utf8')))
  const tests = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'failed')
    .map(({ title, failureMessages }) => ({
      title,
      how: firstLine(failureMessages[0] ?? ''),
      proves: idsInTitles(`${title}'`).some((id) => ids.includes(id)),
    }))
  // What is made before the tests of a file can fail as well; then none of them has a result of its own.
  const unmade = testResults
    .filter(({ status, message, assertionResults }) => {
      const own = assertionResults.some((test) => test.status === 'failed')
      return status === 'failed' && message !== '' && !own
    })
    .map(({ name, message }) => ({
      title: `before the tests of ${relative(root, name)}`,
      how: firstLine(message),
      proves: true,
    }))
  return { passed: numPassedTests, failed: [...tests, ...unmade] }
}

/** The proving tests that fail in a project's folder: one is enough. Throws when there is no telling how they ended. */
export const runProving = async (root: string, proving: Proving): Promise<Proved> => {
  const quick = await runFiles(root, proving, 'first-failure')
  const proved = quick.failed.length === 0 || quick.failed.some(({ proves }) => proves)
  return proved ? quick : runFiles(root, proving, 'end')
}
