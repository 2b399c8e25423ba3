import { GetParameterCommand } from '@aws-sdk/client-ssm'
import type { Limits } from '#aws/clients.ts'
import { fromSdk } from '#aws/sdk-errors.ts'
import { ssmClient } from '#aws/ssm-client.ts'
import { RollbackError } from '#core/errors.ts'
import type { Secrets } from '#core/ports.ts'

/** SecureStrings of Parameter Store. One that is stored as plain text is refused: everyone who may list it may read it. */
export const ssmSecrets = (limits?: Limits): Secrets => ({
  async read(path) {
    const fix = `Create it: aws ssm put-parameter --type SecureString --name ${path} --value …`
    const unreadable = (message: string) =>
      new RollbackError('Secret.Unreadable', message, { fix, category: 'refused' })
    try {
      const read = new GetParameterCommand({ Name: path, WithDecryption: true })
      const { Parameter } = await ssmClient(limits).send(read)
      if (!Parameter?.Value) throw unreadable(`Parameter "${path}" has no value.`)
      if (Parameter.Type !== 'SecureString')
        throw unreadable(`Parameter "${path}" is a ${Parameter.Type}, not a SecureString.`)
      return Parameter.Value
    } catch (error) {
      const call = {
        doing: `Reading secret "${path}"`,
        action: 'ssm:GetParameter',
        unreachable: 'Secret.Unreadable',
        denied: 'Secret.Unreadable',
        rejected: 'Secret.Unreadable',
      } as const
      throw fromSdk(error, call, fix)
    }
  },
})
