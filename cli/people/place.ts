import { resolve } from 'node:path'
import { z } from 'zod'
import { type Posted, signedPost } from '#aws/signed-post.ts'
import { stackOutput } from '#aws/stack-output.ts'
import { RollbackError } from '#core/errors.ts'
import { findAnswerUrl } from '#local/answer-url.ts'

export interface PeopleOptions {
  readonly url?: string
  readonly environment?: string
  readonly state?: string
  readonly name?: string
  readonly json?: boolean
}

/** Sends what a person says to the function that takes it; gives what it answered. */
export type Say = (body: object) => Promise<unknown>

const usage = (message: string, fix: string) => new RollbackError('Usage.Invalid', message, { fix, category: 'usage' })

const Refusal = z.object({ error: z.string().regex(/^\w+\.\w+$/), text: z.string() })

/** Throws what the function refused by its name. */
const read = ({ status, body }: Posted): unknown => {
  const json = (() => {
    try {
      return JSON.parse(body) as unknown
    } catch {
      return null
    }
  })()
  if (status === 200 || status === 202) return json
  const refusal = Refusal.safeParse(json).data
  if (refusal) {
    const category = status >= 500 ? 'unreachable' : status === 400 || status === 405 ? 'usage' : 'refused'
    throw new RollbackError(refusal.error as `${string}.${string}`, refusal.text, { fix: '', category })
  }
  throw new RollbackError('Call.Refused', `The URL answered with HTTP ${status}: ${body.slice(0, 200)}.`, {
    fix:
      status === 403
        ? 'Give your identity the policy vector-rollback-<environment>-answer, and check your credentials.'
        : 'Check the URL; look at the log of the function "answer".',
    category: status === 403 ? 'refused' : 'unreachable',
  })
}

const regionOf = (url: URL | null): string => {
  const region = url?.hostname.match(/\.lambda-url\.([a-z0-9-]+)\.on\.aws$/)?.[1] ?? process.env.AWS_REGION
  if (region) return region
  throw usage('There is no region.', 'Set AWS_REGION to that of the deployment.')
}

const deployedUrl = async (environment: string): Promise<string> => {
  const found = await stackOutput(`vector-rollback-${environment}`, 'AnswerUrl', regionOf(null))
  if (found) return found
  throw usage(
    `The stack "vector-rollback-${environment}" has no output AnswerUrl that you may see.`,
    'Check --environment and AWS_REGION, or give --url as the deployment printed it.',
  )
}

const deployed = async ({ url, environment = '' }: PeopleOptions): Promise<Say> => {
  const target = URL.parse(url ?? (await deployedUrl(environment)))
  // A person's name and the decision travel there: in clear text over loopback only, for tests.
  if (!target || (target.protocol !== 'https:' && target.hostname !== '127.0.0.1'))
    throw usage(`"${url}" is not the URL of a function.`, 'Give it as the deployment printed it: https://….on.aws/.')
  const call = { service: 'lambda', region: regionOf(target), contentType: 'application/json' }
  return async (body) => read(await signedPost(target, { ...call, body: JSON.stringify(body) }))
}

const local = async ({ state = '', name }: PeopleOptions): Promise<Say> => {
  if (!name) throw usage('There is no "--name".', 'Say who you are: on this machine nobody else knows.')
  const found = await findAnswerUrl(resolve(state), name)
  if (!found)
    throw new RollbackError('Approval.NoQuestion', `No run that works with "${state}" waits for people.`, {
      fix: 'Start one with "run --local --wait", or give the answers at once with "run --approve ROLE=NAME".',
      category: 'refused',
    })
  return async (body) => {
    const response = await fetch(found.url, { method: 'POST', headers: found.headers, body: JSON.stringify(body) })
    return read({ status: response.status, body: await response.text() })
  }
}

/** Where to answer: a deployed environment, or a run of this machine that waits. */
export const sayAt = async (options: PeopleOptions): Promise<Say> => {
  const { url, environment, state } = options
  const deployment = url !== undefined || environment !== undefined
  if (deployment === (state !== undefined))
    throw usage(
      `There is ${deployment ? 'both' : 'neither'} a deployment ${deployment ? 'and' : 'nor'} a state folder.`,
      'Give one: --environment or --url for a deployment, --state and --name for a run of this machine.',
    )
  return deployment ? deployed(options) : local(options)
}
