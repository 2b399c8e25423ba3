import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { Clock } from '#core/ports.ts'
import { writeDurably } from './durable-file.ts'
import { ApiError, type Operation, operation } from './json-protocol.ts'

const Outcome = z.strictObject({
  /** Of the instance, when its commands have ended. */
  status: z.enum(['Success', 'Failed', 'TimedOut']).default('Success'),
  output: z.string().default(''),
})

/** Documents by name, and what they do on each instance; the same whichever targets are named. */
export const CommandsState = z.record(z.string(), z.strictObject({ instances: z.record(z.string(), Outcome) }))
export type CommandsState = z.output<typeof CommandsState>

const Sent = z.strictObject({
  id: z.string(),
  document: z.string(),
  comment: z.string(),
  at: z.string(),
  targets: z.array(z.strictObject({ Key: z.string(), Values: z.array(z.string()) })),
  parameters: z.record(z.string(), z.array(z.string())),
})
export type SentCommand = z.output<typeof Sent>

const Stored = z.strictObject({ documents: CommandsState, sent: z.array(Sent) })
type Stored = z.output<typeof Stored>

/** How often a command is listed before it has ended. */
const LOOKS = 1

const load = (path: string): Stored => {
  try {
    return Stored.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { documents: {}, sent: [] }
    throw error
  }
}

/** Run Command: SendCommand, ListCommands, ListCommandInvocations, on instances that a fixture makes up. A command has ended at the second look. */
export const runCommands = ({ path, clock }: { path: string; clock: Pick<Clock, 'now'> }) => {
  let stored = load(path)
  const looks = new Map<string, number>()
  const save = (next: Stored): void => {
    writeDurably(path, `${JSON.stringify(next, null, 2)}\n`)
    stored = next
  }
  const instancesOf = ({ document }: SentCommand) => Object.entries(stored.documents[document]?.instances ?? {})
  const ended = ({ id }: SentCommand): boolean => (looks.get(id) ?? 0) > LOOKS
  const statusOf = (command: SentCommand): string => {
    if (!ended(command)) return 'InProgress'
    return instancesOf(command).some(([, { status }]) => status !== 'Success') ? 'Failed' : 'Success'
  }
  const operations: Readonly<Record<string, Operation>> = {
    SendCommand: operation(
      z.strictObject({
        DocumentName: z.string(),
        Targets: z
          .array(z.strictObject({ Key: z.string(), Values: z.array(z.string()) }))
          .min(1)
          .max(5),
        Parameters: z.record(z.string(), z.array(z.string())).default({}),
        Comment: z.string().max(100).default(''),
        MaxErrors: z.string().optional(),
        MaxConcurrency: z.string().optional(),
      }),
      ({ DocumentName, Targets, Parameters, Comment }) => {
        if (!stored.documents[DocumentName])
          throw new ApiError('InvalidDocument', `Document with name ${DocumentName} does not exist.`)
        const command: SentCommand = {
          ...{ id: randomUUID(), document: DocumentName, comment: Comment, at: clock.now().toISOString() },
          ...{ targets: Targets, parameters: Parameters },
        }
        save({ ...stored, sent: [...stored.sent, command] })
        return { Command: { CommandId: command.id, Status: 'Pending', TargetCount: 0 } }
      },
    ),
    ListCommands: operation(
      z.strictObject({
        CommandId: z.string().optional(),
        Filters: z.array(z.strictObject({ key: z.literal('InvokedAfter'), value: z.iso.datetime() })).optional(),
        NextToken: z.string().optional(),
      }),
      ({ CommandId, Filters }) => {
        const since = Date.parse(Filters?.[0]?.value ?? '1970-01-01T00:00:00Z')
        const found = stored.sent.filter(
          ({ id, at }) => (CommandId === undefined || id === CommandId) && Date.parse(at) > since,
        )
        if (CommandId !== undefined && found.length === 0) throw new ApiError('InvalidCommandId', CommandId)
        if (CommandId !== undefined) looks.set(CommandId, (looks.get(CommandId) ?? 0) + 1)
        return {
          Commands: found.map((command) => ({
            CommandId: command.id,
            DocumentName: command.document,
            Comment: command.comment,
            Status: statusOf(command),
            TargetCount: instancesOf(command).length,
          })),
        }
      },
    ),
    ListCommandInvocations: operation(
      z.strictObject({ CommandId: z.string(), Details: z.boolean().optional(), NextToken: z.string().optional() }),
      ({ CommandId }) => ({
        CommandInvocations: stored.sent
          .filter(({ id }) => id === CommandId)
          .flatMap((command) =>
            instancesOf(command).map(([InstanceId, { status, output }]) => ({
              CommandId,
              InstanceId,
              Status: ended(command) ? status : 'InProgress',
              CommandPlugins: [{ Name: 'run', Output: ended(command) ? output : '' }],
            })),
          ),
      }),
    ),
  }
  return {
    operations,
    load: (documents: CommandsState) => save({ ...stored, documents: { ...stored.documents, ...documents } }),
    sent: (): readonly SentCommand[] => stored.sent,
  }
}
