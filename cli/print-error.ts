import { isRollbackError } from '#core/errors.ts'
import { colours, type Output } from './colours.ts'

/** Lines that fit a screen together with what is around them. */
const SCREEN = 40

const URL_PASSWORD = /\b([a-z][a-z0-9+.-]*:\/\/[^\s:/@"']*):[^\s@"']*@/gi
const PARAMETER_PASSWORD = /\b(password|pgpassword|sslpassword)\s*=\s*[^\s&"']+/gi

/** The text without the passwords of URLs and connection strings. */
export const redact = (text: string): string =>
  text.replaceAll(URL_PASSWORD, '$1:***@').replaceAll(PARAMETER_PASSWORD, '$1=***')

const oneScreen = (text: string): string => {
  const lines = text.split('\n')
  if (lines.length <= SCREEN) return text
  return [...lines.slice(0, SCREEN), `… and ${lines.length - SCREEN} more lines.`].join('\n')
}

/** The message without the fix, which stands on a line of its own. */
const withoutFix = (message: string, fix: string): string =>
  message.endsWith(fix) ? message.slice(0, message.length - fix.length).trimEnd() : message

const describe = (error: unknown, { red, bold }: ReturnType<typeof colours>): string => {
  if (isRollbackError(error)) {
    const lines = [`${red('error')} ${bold(error.name)}`, oneScreen(withoutFix(error.message, error.fix))]
    if (error.fix !== '') lines.push(`${bold('fix')} ${oneScreen(error.fix)}`)
    return lines.join('\n')
  }
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return [
    `${red('error')} ${bold('Unexpected')}`,
    oneScreen(text),
    `${bold('fix')} This is a mistake of vector-rollback: run it again with VECTOR_ROLLBACK_DEBUG=1 and report what it shows.`,
  ].join('\n')
}

/**
 * An error on one screen: its name, what is wrong, what to do. The stack is shown only with VECTOR_ROLLBACK_DEBUG.
 * Passwords are never shown.
 */
export const printError = (error: unknown, stream: Output, environment = process.env): string => {
  const shown = describe(error, colours(stream, environment))
  const stack = environment.VECTOR_ROLLBACK_DEBUG && error instanceof Error ? `\n${error.stack ?? ''}` : ''
  // Paths are shorter from where the person stands.
  return redact(`${shown}${stack}`.replaceAll(`${process.cwd()}/`, ''))
}
