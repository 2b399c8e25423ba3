import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { ApiError } from './json-protocol.ts'
import type { Reply, Service, ServiceName } from './service.ts'

/** Content of an element: a text, other elements by name, or several of the same name. */
export type Xml = string | { readonly [element: string]: Xml | readonly Xml[] }

export interface QueryService {
  readonly name: ServiceName
  readonly version: string
  /** The XML namespace of the answers. */
  readonly namespace: string
  /** By the form's `Action`; gives the elements of the result. `region` is the caller's. */
  readonly operations: Readonly<
    Record<string, (form: URLSearchParams, region: string) => Readonly<Record<string, Xml>>>
  >
  /** What a fault's `key` is compared with. */
  key(form: URLSearchParams): string | null
}

/** A service in the AWS query protocol: a form goes in, XML comes out. Told from others by the scope of the signature. */
export const queryService = ({ name, version, namespace, operations, key }: QueryService): Service => {
  const reply = (status: number, root: string, content: string): Reply => ({
    status,
    headers: { 'content-type': 'text/xml' },
    body: `<${root} xmlns="${namespace}">${content}</${root}>`,
  })
  const failure = ({ code, message, status }: ApiError): Reply => {
    const fault = `<Type>${status < 500 ? 'Sender' : 'Receiver'}</Type><Code>${code}</Code>`
    const error = `<Error>${fault}<Message>${escaped(message)}</Message></Error>`
    return reply(status, 'ErrorResponse', `${error}<RequestId>${randomUUID()}</RequestId>`)
  }

  return {
    name,
    matches: (request) => isForm(request) && scopeOf(request)?.service === name,
    operation: (_request, body) => formOf(body).get('Action'),
    key: (_request, body) => key(formOf(body)),
    async handle(request, body) {
      try {
        const form = formOf(body)
        const action = form.get('Action') ?? ''
        const run = Object.hasOwn(operations, action) ? operations[action] : undefined
        if (run === undefined || form.get('Version') !== version) {
          throw new ApiError('InvalidAction', `"${action}" of version ${form.get('Version')} is not served locally.`)
        }
        const output = run(form, scopeOf(request)?.region ?? '')
        const metadata = `<ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata>`
        return reply(200, `${action}Response`, `<${action}Result>${xmlOf(output)}</${action}Result>${metadata}`)
      } catch (error) {
        if (error instanceof ApiError) return failure(error)
        return failure(new ApiError('InternalError', error instanceof Error ? error.message : String(error), 500))
      }
    },
  }
}

const xmlOf = (content: Xml): string =>
  typeof content === 'string'
    ? escaped(content)
    : Object.entries(content)
        .flatMap(([element, value]) =>
          (Array.isArray(value) ? (value as readonly Xml[]) : [value as Xml]).map(
            (one) => `<${element}>${xmlOf(one)}</${element}>`,
          ),
        )
        .join('')

/** `prefix.1.Name=a&prefix.1.Value.X=b` → `[{ Name: 'a', 'Value.X': 'b' }]`, in the order of the numbers. */
export const formEntries = (form: URLSearchParams, prefix: string): Record<string, string>[] => {
  const entries = new Map<number, Record<string, string>>()
  for (const [name, value] of form) {
    if (!name.startsWith(`${prefix}.`)) continue
    const [number = '', ...member] = name.slice(prefix.length + 1).split('.')
    const entry = entries.get(Number(number)) ?? {}
    entry[member.join('.')] = value
    entries.set(Number(number), entry)
  }
  return [...entries].sort(([a], [b]) => a - b).map(([, entry]) => entry)
}

const formOf = (body: Buffer): URLSearchParams => new URLSearchParams(body.toString('utf8'))

const isForm = ({ headers }: IncomingMessage): boolean =>
  headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true

/** `Credential=<key>/<date>/<region>/<service>/aws4_request` */
export const scopeOf = ({ headers }: IncomingMessage): { region: string; service: string } | null => {
  const [, region, service] = headers.authorization?.match(/Credential=[^,]+\/([^/,]+)\/([^/,]+)\/aws4_request/) ?? []
  return region === undefined || service === undefined ? null : { region, service }
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
