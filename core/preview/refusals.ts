import { isRollbackError } from '#core/errors.ts'
import type { Refusal } from './model.ts'

/**
 * What `work` gives, or why it is refused: what a run would stop for is a line of the preview. Other errors, such as a
 * database that does not answer, are thrown.
 */
export const orRefusal = async <T>(work: () => Promise<T>): Promise<{ value: T } | { refusal: Refusal }> => {
  try {
    return { value: await work() }
  } catch (error) {
    if (!isRollbackError(error) || error.category !== 'refused') throw error
    const { name, message, fix } = error
    return { refusal: { name, message: message.slice(0, message.length - fix.length).trimEnd(), fix } }
  }
}
