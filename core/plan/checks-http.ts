import { z } from 'zod'
import { Duration, type Milliseconds, parseDuration } from './duration.ts'
import { pattern } from './pattern.ts'
import { HeaderName } from './services.ts'
import { Name } from './vocabulary.ts'

/** The endpoints of every runbook have to answer within this time. */
const SOON = parseDuration('5s') ?? (0 as Milliseconds)

export type Json = z.output<typeof JsonBody>
const JsonBody = z.json()

/** What may stand in a path, in the value of a header, and in the texts of a body. */
const PLACEHOLDERS = ['env', 'incident', 'tag', 'created'] as const

const Path = pattern(
  /^\/(?!\/)[^\s#\\]*$/,
  'the path of a request',
  'Start with one "/": /api/search?q=test. The address of the service stands in services.',
)

/** They would be a secret in the plan, or take the place of what this program sends. */
const RESERVED = ['authorization', 'cookie', 'proxy-authorization', 'host', 'content-length', 'idempotency-key']

const Headers = z.record(HeaderName, z.string().regex(/^[\x20-\x7e]*$/)).superRefine((headers, context) => {
  for (const name of Object.keys(headers))
    if (RESERVED.includes(name))
      context.addIssue({
        code: 'custom',
        path: [name],
        message: `"${name}" cannot be set here.`,
        params: { fix: 'A secret is named by token of the service; leave the others to the program.' },
      })
})

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
const ONLY_READ: readonly string[] = ['GET', 'HEAD']
const Status = z.int().min(100).max(599)
const Statuses = z.union([Status.transform((status) => [status]), z.array(Status).min(1)])
type Statuses = readonly number[]

const JsonPath = pattern(
  /^[^.\s]+(\.[^.\s]+)*$/,
  'a path in JSON',
  'Join keys and positions with dots: results.0.id; length at the end is the length of a list.',
)

const Cleanup = z.strictObject({
  created: JsonPath.optional().describe('Where the answer says what was created; {created} stands for it.'),
  method: z.enum(METHODS).default('DELETE').describe('Method of that request.'),
  path: Path.describe('Path of the request that removes it, with {created} or {tag}.'),
  headers: Headers.default({}).describe('Its header fields beside the token.'),
  json: JsonBody.optional().describe('Its body, sent as JSON.'),
  status: Statuses.optional().describe('Expected statuses; 200, 202, 204, 404 and 410 when it is not given.'),
})

export interface Request {
  readonly method: (typeof METHODS)[number]
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** `undefined`: no body. */
  readonly json: Json | undefined
}

export interface Cleaning extends Request {
  readonly created: string | null
  readonly status: Statuses
}

const GONE: Statuses = [200, 202, 204, 404, 410]

/** Texts of a request that placeholders may stand in. */
const textsOf = (value: unknown): string[] =>
  typeof value === 'string'
    ? [value]
    : typeof value === 'object' && value !== null
      ? Object.values(value).flatMap(textsOf)
      : []
const requestTexts = (request: { path: string; headers: object; json?: unknown }): string[] =>
  textsOf([request.path, request.headers, request.json])
const mentions = (texts: readonly string[], ...names: string[]): boolean =>
  texts.some((text) => names.some((name) => text.includes(`{${name}}`)))

const problem = (context: z.core.$RefinementCtx<unknown>, path: PropertyKey[], message: string, fix: string): void =>
  context.addIssue({ code: 'custom', path, message, params: { fix } })

export const Http = z
  .strictObject({
    service: Name.describe('Name of a service of this plan.'),
    method: z.enum(METHODS).default('GET').describe('Method of the request.'),
    path: Path.describe('Path and query. {env}, {incident} and {tag} stand for themselves in it.'),
    headers: Headers.default({}).describe('Header fields beside the token, which the service names.'),
    json: JsonBody.optional().describe('Body, sent as JSON, with {incident} and {tag} in its texts.'),
    creates: z.literal('nothing').optional().describe('Of another method than GET: that it leaves nothing behind.'),
    cleanup: Cleanup.optional().describe(
      'Request that removes what this one created. Sent also when the check fails, and once more by the next try.',
    ),
  })
  .superRefine((http, context) => {
    const reads = ONLY_READ.includes(http.method)
    const texts = requestTexts(http)
    if (reads && http.json !== undefined) problem(context, ['json'], `${http.method} has no body.`, 'Use method: POST.')
    if (reads && http.cleanup)
      problem(context, ['cleanup'], `${http.method} creates nothing.`, 'Remove cleanup, or correct method.')
    if (!reads && (http.creates === undefined) === (http.cleanup === undefined))
      problem(
        context,
        [],
        `This ${http.method} ${http.cleanup ? 'says both that it creates nothing and how that is removed' : 'does not say what becomes of what it creates'}.`,
        'Give exactly one: creates: nothing, or cleanup with the request that removes it.',
      )
    if (mentions(texts, 'created'))
      problem(context, ['path'], '"{created}" is not known before something was created.', 'Use it in cleanup only.')
    // Not in bodies: what is no placeholder may be somebody's query language there.
    const places = [http, ...(http.cleanup ? [http.cleanup] : [])]
    for (const name of unknownPlaceholders(places.flatMap(({ path, headers }) => [path, ...Object.values(headers)])))
      problem(context, [], `"{${name}}" is not a placeholder.`, `Use ${PLACEHOLDERS.map((p) => `{${p}}`).join(', ')}.`)
    if (!http.cleanup) return
    const cleaning = requestTexts(http.cleanup)
    // What is left behind in spite of everything has to be found by people.
    if (!mentions(texts, 'tag', 'incident'))
      problem(context, ['json'], 'Nothing marks what this creates as test data.', 'Put {tag} into a text of json.')
    if (mentions(cleaning, 'created') !== (http.cleanup.created !== undefined))
      problem(context, ['cleanup', 'created'], 'created and {created} go together.', 'Give both or neither.')
    if (!mentions(cleaning, 'created', 'tag'))
      problem(context, ['cleanup', 'path'], 'This does not say what to remove.', 'Put {created} or {tag} into it.')
  })
  .transform(({ creates, cleanup, json, ...request }) => ({
    ...request,
    json,
    cleanup: cleanup
      ? ({
          ...cleanup,
          json: cleanup.json,
          created: cleanup.created ?? null,
          status: cleanup.status ?? GONE,
        } satisfies Cleaning)
      : null,
  }))
  .describe('A request to a service, whose answer is looked at.')

const unknownPlaceholders = (texts: readonly string[]): string[] =>
  texts.flatMap((text) =>
    [...text.matchAll(/\{([a-z-]+)\}/g)].flatMap(([, name]) =>
      PLACEHOLDERS.some((known) => known === name) ? [] : [name ?? ''],
    ),
  )

const Scalar = z.union([z.string(), z.number(), z.boolean(), z.null()])

/** What a value in the JSON of an answer has to be. One of them. */
const VALUE_TESTS = ['equals', 'not', 'one-of', 'contains', 'at-least', 'at-most', 'present'] as const
const JsonValue = z.union([
  Scalar.transform((equals) => ({ equals })),
  z
    .strictObject({
      equals: Scalar.optional(),
      not: Scalar.optional(),
      'one-of': z.array(Scalar).min(1).optional(),
      contains: z.string().min(1).optional(),
      'at-least': z.number().optional(),
      'at-most': z.number().optional(),
      present: z.boolean().optional(),
    })
    .refine((test) => VALUE_TESTS.some((key) => test[key] !== undefined), {
      message: 'This says nothing about the value.',
      params: { fix: `Use ${VALUE_TESTS.join(', ')}.` },
    }),
])
export type JsonTest = z.output<typeof JsonValue>

/** The keys of `expect` of an HTTP check, all optional. */
export const HTTP_EXPECT = {
  status: Statuses.optional().describe('Of an http check: expected statuses, one or a list; 200 to 299 if not given.'),
  within: Duration.optional().describe(
    'Of an http check: until when the whole answer has to be there; 5s if not given.',
  ),
  json: z
    .record(JsonPath, JsonValue)
    .optional()
    .describe('Of an http check: values by their paths in the JSON of the answer (results.0.id, results.length).'),
  headers: z
    .record(HeaderName, z.string().min(1))
    .optional()
    .describe('Of an http check: texts that headers of the answer contain.'),
  text: z.string().min(1).optional().describe('Of an http check: text that the body contains.'),
} as const

export interface HttpExpectation {
  /** `null`: any of 200 to 299. */
  readonly status: Statuses | null
  readonly within: Milliseconds
  readonly json: Readonly<Record<string, JsonTest>>
  readonly headers: Readonly<Record<string, string>>
  readonly text: string | null
}

type Given = { [K in keyof typeof HTTP_EXPECT]?: z.output<(typeof HTTP_EXPECT)[K]> }

export const httpExpectation = ({ status, within, json, headers, text }: Given): HttpExpectation => ({
  status: status ?? null,
  within: within ?? SOON,
  json: json ?? {},
  headers: headers ?? {},
  text: text ?? null,
})

/** What an HTTP check asks, and what it expects. */
export type HttpAsked = z.output<typeof Http> & { readonly expect: HttpExpectation }
