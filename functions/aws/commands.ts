import {
  ListCommandsCommand,
  paginateListCommandInvocations,
  paginateListCommands,
  SendCommandCommand,
} from '@aws-sdk/client-ssm'
import { LIMITS, type Limits } from '#aws/clients.ts'
import { fromSdk, nameOf } from '#aws/sdk-errors.ts'
import { ssmClient } from '#aws/ssm-client.ts'
import type { CommandInvocation, Commands } from '#core/ports-config.ts'

const asked = async <T>(doing: string, action: string, call: () => Promise<T>): Promise<T> => {
  try {
    return await call()
  } catch (error) {
    const names = { unreachable: 'Command.Unreachable', denied: 'Command.Denied', rejected: 'Command.Refused' } as const
    throw fromSdk(
      error,
      { doing, action, ...names },
      'Correct the document, its parameters or its targets in the plan.',
    )
  }
}

/** A command is not idempotent, so a call whose answer is lost must not be repeated by the SDK: the step looks for it first. */
const ONCE: Limits = { ...LIMITS, attempts: 1 }

export const ssmCommands = (limits = LIMITS): Commands => ({
  send: ({ document, targets, parameters, comment }) =>
    asked(`Running "${document}"`, 'ssm:SendCommand', async () => {
      const command = new SendCommandCommand({
        DocumentName: document,
        Targets: Object.entries(targets).map(([Key, Values]) => ({ Key, Values: [...Values] })),
        Parameters: Object.fromEntries(Object.entries(parameters).map(([name, values]) => [name, [...values]])),
        Comment: comment,
        // One failure is no reason to leave the other instances as they are.
        MaxErrors: '100%',
        MaxConcurrency: '100%',
      })
      return (await ssmClient({ ...limits, ...ONCE }).send(command)).Command?.CommandId ?? ''
    }),
  find: (comment, since) =>
    asked('Looking for a command', 'ssm:ListCommands', async () => {
      const request = { Filters: [{ key: 'InvokedAfter' as const, value: since.toISOString().replace(/\.\d+/, '') }] }
      for await (const { Commands: commands } of paginateListCommands({ client: ssmClient(limits) }, request))
        for (const { Comment, CommandId } of commands ?? [])
          if (Comment === comment && CommandId !== undefined) return CommandId
      return null
    }),
  state: (id) =>
    asked(`Reading command "${id}"`, 'ssm:ListCommands and ssm:ListCommandInvocations', async () => {
      const client = ssmClient(limits)
      const { Commands: commands } = await client
        .send(new ListCommandsCommand({ CommandId: id }))
        .catch((error: unknown) => {
          // It is not shown at once everywhere.
          if (nameOf(error) === 'InvalidCommandId') return { Commands: [] }
          throw error
        })
      const [command] = commands ?? []
      if (!command) return { status: '', targets: 0, invocations: [] }
      const invocations: CommandInvocation[] = []
      for await (const page of paginateListCommandInvocations({ client }, { CommandId: id, Details: true }))
        for (const { InstanceId, Status, CommandPlugins } of page.CommandInvocations ?? [])
          invocations.push({
            target: InstanceId ?? '',
            status: Status ?? '',
            output: (CommandPlugins ?? []).map(({ Output }) => Output ?? '').join('\n'),
          })
      return { status: command.Status ?? '', targets: command.TargetCount ?? 0, invocations }
    }),
})
