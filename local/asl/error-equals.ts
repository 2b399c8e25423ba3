import type { StateError } from './state-error.ts'

/**
 * Whether a list of error names names the error. `States.ALL` stands for every error, `States.TaskFailed` for every one
 * but a time-out and a failed expression; neither stands for one of `neverByWildcard`.
 */
export function names(errorEquals: readonly string[], error: StateError, neverByWildcard: readonly string[]): boolean {
  const name = error.error ?? ''
  if (errorEquals.includes(name) || error.aliases.some((alias) => errorEquals.includes(alias))) return true
  if (neverByWildcard.includes(name)) return false
  if (errorEquals.includes('States.ALL')) return true
  return (
    errorEquals.includes('States.TaskFailed') && name !== 'States.Timeout' && name !== 'States.QueryEvaluationError'
  )
}
