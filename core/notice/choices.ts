import type { IncidentId } from '#core/names.ts'
import type { Alternative, Prepared } from '#core/plan/escalation.ts'
import type { Values } from '#core/plan/placeholders.ts'

/** How long *Needs a human* waits before it fails the execution, as the state machine has it. Milliseconds. */
export const HUMAN_WITHIN_MS = 86_400_000

/**
 * What people are waited for. `approval`: an answer to a question; `human`: a way on; `running`: nothing but that somebody looks.
 */
export type Asked = {
  readonly incident: IncidentId
  readonly environment: string
} & (
  | { readonly kind: 'approval'; readonly roles: readonly string[] }
  | { readonly kind: 'human' }
  | { readonly kind: 'running' }
)

/** A word of a command that people copy into a shell: names and reasons are made by others. */
const word = (text: string): string => (/^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`)

/** Who answers says in which role; ROLE where there are several. No task token stands in a message: whoever has it can answer. */
const command = (verb: string, what: string, asked: Asked): string => {
  const [only, ...others] = asked.kind === 'approval' ? asked.roles : []
  const role = only !== undefined && others.length === 0 ? word(only) : 'ROLE'
  return `vector-rollback ${verb} ${word(asked.incident)}${what} --environment ${word(asked.environment)} --role ${role}`
}

/** Starts the state machine by hand. STATE_MACHINE is its ARN. */
export const startCommand = (request: unknown): string =>
  `aws stepfunctions start-execution --state-machine-arn "$STATE_MACHINE" --input ${word(JSON.stringify(request))}`

const WORDS: Readonly<Record<Prepared, string>> = {
  approve: 'Approve',
  deny: 'Deny',
  retry: 'Try the same again',
  close: 'Close the run and take over by hand',
  hold: 'Leave it contained, and do nothing now',
  flag: 'Leave it at the flag alone',
  partial: 'Take the path partial',
  full: 'Take the path full',
  restore: 'Take the path restore',
}

/** The command of a choice; `null` where it cannot be had now. */
const commandOf = (choice: Prepared, asked: Asked): string | null => {
  if (choice === 'hold') return 'nothing to run: the flags stay at their safe values'
  if (asked.kind === 'approval') return choice === 'approve' || choice === 'deny' ? command(choice, '', asked) : null
  if (asked.kind !== 'human' || choice === 'approve' || choice === 'deny') return null
  return command('decide', choice === 'retry' || choice === 'close' ? ` ${choice}` : ` path ${choice}`, asked)
}

/** The choices as lines for people; one that does not fit what is asked is left out. */
export const alternativesText = (choices: readonly Alternative[], asked: Asked): string =>
  choices
    .flatMap((choice) => {
      if (typeof choice !== 'string') return [`- ${choice.do}${choice.run === undefined ? '' : `: ${choice.run}`}`]
      const command = commandOf(choice, asked)
      return command === null ? [] : [`- ${WORDS[choice]}: ${command}`]
    })
    .join('\n')

/** The choices that there always are. */
export const usualChoices = (asked: Asked): Values => {
  if (asked.kind === 'approval')
    return {
      command: command('approve', '', asked),
      alternatives: alternativesText(['approve', 'deny', 'hold'], asked),
    }
  if (asked.kind === 'human')
    return {
      command: command('decide', ' retry', asked),
      alternatives: alternativesText(['retry', 'flag', 'partial', 'full', 'restore', 'close', 'hold'], asked),
    }
  return { alternatives: alternativesText(['hold'], asked) }
}
