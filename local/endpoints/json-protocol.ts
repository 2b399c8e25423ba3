import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import type { Reply, Service, ServiceName } from './service.ts'

/** An error of the service, as its clients know it by name. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code: string
  readonly status: number

  constructor(code: string, message: string, status = 400) {
    super(message)
    this.code = code
    this.status = status
  }
}

/** One call of a service. Times in the answer are `Date`; they travel as seconds since 1970. */
export interface Operation {
  run(input: unknown): unknown
}

/**
 * What the request must look like, and what is done with it. A member that the schema does not know is refused: what
 * would be ignored here would have an effect in AWS.
 */
export const operation = <S extends z.ZodType>(schema: S, run: (input: z.output<S>) => unknown): Operation => ({
  run(input) {
    const parsed = schema.safeParse(input)
    if (parsed.success) return run(parsed.data)
    throw new ApiError('ValidationException', z.prettifyError(parsed.error))
  },
})

export interface JsonService {
  readonly name: ServiceName
  /** Before the dot of `x-amz-target`. */
  readonly target: string
  readonly version: '1.0' | '1.1'
  readonly operations: Readonly<Record<string, Operation>>
  /** What a fault's `key` is compared with. */
  key(input: unknown): string | null
}

/** A service in the AWS JSON protocol: the operation in `x-amz-target`, an error's name in `__type`. */
export const jsonService = ({ name, target, version, operations, key }: JsonService): Service => {
  const headers = (): Record<string, string> => ({
    'content-type': `application/x-amz-json-${version}`,
    'x-amzn-requestid': randomUUID(),
  })
  const failure = ({ code, message, status }: ApiError): Reply => ({
    status,
    headers: { ...headers(), 'x-amzn-errortype': code },
    body: JSON.stringify({ __type: code, message }),
  })
  const operationOf = (request: IncomingMessage): string | null => targetOf(request)?.split('.')[1] ?? null

  return {
    name,
    matches: (request) => targetOf(request)?.split('.')[0] === target,
    operation: operationOf,
    key: (_request, body) => {
      try {
        return key(parse(body))
      } catch {
        return null
      }
    },
    async handle(request, body) {
      try {
        const asked = operationOf(request) ?? ''
        const found = Object.hasOwn(operations, asked) ? operations[asked] : undefined
        if (found === undefined) throw new ApiError('UnknownOperationException', `"${asked}" is not served locally.`)
        const output = await found.run(parse(body))
        return { status: 200, headers: headers(), body: JSON.stringify(withSeconds(output ?? {})) }
      } catch (error) {
        if (error instanceof ApiError) return failure(error)
        return failure(new ApiError('InternalServerError', error instanceof Error ? error.message : String(error), 500))
      }
    },
  }
}

const targetOf = (request: IncomingMessage): string | undefined => {
  const target = request.headers['x-amz-target']
  return typeof target === 'string' ? target : undefined
}

const parse = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString('utf8') || '{}')
  } catch {
    throw new ApiError('SerializationException', 'The body is not JSON.')
  }
}

const withSeconds = (value: unknown): unknown => {
  if (value instanceof Date) return value.getTime() / 1000
  if (Array.isArray(value)) return value.map(withSeconds)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withSeconds(member)]))
}

/** One page of a list, and the token of the next one. `invalid` is the name of the service's error for a bad token. */
export const page = <T>(
  items: readonly T[],
  size: number,
  token: string | undefined,
  invalid: string,
): { items: readonly T[]; nextToken?: string } => {
  const from = token === undefined ? 0 : Number(Buffer.from(token, 'base64url').toString('utf8'))
  if (!Number.isInteger(from) || from < 0 || (token !== undefined && from === 0)) {
    throw new ApiError(invalid, `The token "${token}" is not one of this list.`)
  }
  const end = from + size
  return {
    items: items.slice(from, end),
    ...(end < items.length ? { nextToken: Buffer.from(String(end)).toString('base64url') } : {}),
  }
}
