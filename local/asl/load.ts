import type { Expression } from 'jsonata'
import { RollbackError } from '#core/errors.ts'
import type { StateMachine } from './definition.ts'
import { compile, expressionSource } from './expression.ts'
import { substitute } from './substitute.ts'
import { type Problem, validate } from './validate.ts'

/**
 * Reads a definition in the Amazon States Language. Everything that the interpreter does not do exactly as Step
 * Functions is refused here, by state and field. Throws `StateMachine.Invalid` with all that is wrong.
 */
export function loadStateMachine(text: string, substitutions: Readonly<Record<string, string>>): StateMachine {
  const { machine, problems } = validate(parse(substitute(text, substitutions)))
  const expressions = new Map<string, Expression>()
  if (machine === null) throw invalid(problems)
  const broken = compileAll(machine, [], expressions)
  if (problems.length + broken.length > 0) throw invalid([...problems, ...broken])
  return { definition: machine, expressions }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new RollbackError('StateMachine.Invalid', `The state machine is not JSON: ${(cause as Error).message}.`, {
      fix: 'Correct the definition, or the value that a substitution put in.',
      category: 'usage',
      cause,
    })
  }
}

/** Comments are text, whatever they look like. */
function compileAll(value: unknown, path: readonly string[], compiled: Map<string, Expression>): Problem[] {
  if (typeof value === 'string') {
    const source = expressionSource(value)
    if (source === null || compiled.has(source)) return []
    try {
      compiled.set(source, compile(source))
      return []
    } catch (thrown) {
      return [{ path, message: `the expression "${source}" is refused: ${(thrown as Error).message}` }]
    }
  }
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, part]) =>
    key === 'Comment' && typeof part === 'string' ? [] : compileAll(part, [...path, key], compiled),
  )
}

/** `State "Run step", field "Retry[0].IntervalSeconds": …` */
function print({ path, message }: Problem): string {
  const at = path.lastIndexOf('States')
  const field = path
    .slice(at < 0 ? 0 : at + 2)
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '')
  const state = at < 0 ? 'The state machine' : `State "${path[at + 1]}"`
  return `${state}${field === '' ? '' : `, field "${field}"`}: ${message}.`
}

const invalid = (problems: readonly Problem[]) =>
  new RollbackError('StateMachine.Invalid', problems.map(print).join('\n'), {
    fix: 'Write it with what local/asl/interpret.ts lists as implemented.',
    category: 'usage',
  })
