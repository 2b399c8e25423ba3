import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { STEPS, substitutionOf } from '#core/steps/registry.ts'
import { loadStateMachine } from '#local/asl/interpret.ts'

/** A CommonJS module without types. It writes into the definition that it is given. */
const validate: (definition: unknown) => { isValid: boolean; errorsText(): string } = createRequire(import.meta.url)(
  'asl-validator',
)

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/**
 * What is wrong with a definition: by asl-validator, and by the interpreter, which also wants the substitutions to be the
 * steps of the registry. One line per problem, none when it is right.
 */
export const checkDefinition = (text: string): string[] => [
  ...complaints('asl-validator', () => {
    const { isValid, errorsText } = validate(JSON.parse(text))
    return isValid ? '' : errorsText()
  }),
  ...complaints('interpreter', () => {
    const names = ['Bucket', ...STEPS.map(({ kind }) => substitutionOf(kind))]
    loadStateMachine(text, Object.fromEntries(names.map((name) => [name, name])))
    return ''
  }),
]

/** A checker that crashes has found something, too. */
const complaints = (checker: string, check: () => string): string[] => {
  const lines = (problems: string) => problems.split('\n').filter((line) => line.trim() !== '')
  try {
    return lines(check()).map((line) => `${checker}: ${line}`)
  } catch (error) {
    return lines(messageOf(error)).map((line) => `${checker}: ${line}`)
  }
}

if (import.meta.main) {
  const file = 'statemachines/rollback.asl.json'
  const problems = checkDefinition(readFileSync(new URL('./rollback.asl.json', import.meta.url), 'utf8'))
  for (const problem of problems) process.stderr.write(`${file}: ${problem}\n`)
  if (problems.length > 0) process.exitCode = 1
}
