import { RollbackError } from '#core/errors.ts'

/**
 * Puts the values in for `${Name}`, as CloudFormation does with DefinitionSubstitutions: in the text, before it is JSON.
 * Throws `StateMachine.Invalid` for a name without a value and for a value without a place.
 */
export function substitute(text: string, substitutions: Readonly<Record<string, string>>): string {
  const used = new Set<string>()
  const unknown = new Set<string>()
  const result = text.replace(/\$\{([^{}]*)\}/g, (placeholder, name: string) => {
    used.add(name)
    const value = Object.hasOwn(substitutions, name) ? substitutions[name] : undefined
    if (value === undefined) unknown.add(name)
    return value ?? placeholder
  })
  const unused = Object.keys(substitutions).filter((name) => !used.has(name))
  if (unknown.size > 0) throw invalid([...unknown], 'no value was given for', 'Give each a value, or correct its name.')
  if (unused.length > 0) throw invalid(unused, 'the definition does not use', 'Take them away, or use them.')
  return result
}

const invalid = (names: readonly string[], what: string, fix: string) =>
  new RollbackError(
    'StateMachine.Invalid',
    `The substitutions do not fit the state machine: ${what} ${names.map((name) => `"${name}"`).join(', ')}.`,
    { fix, category: 'usage' },
  )
