import { z } from 'zod'

/** The first label of an address of RDS is the name of its instance, cluster or proxy, the second says which of them. */
const RDS_HOST =
  /^([a-z0-9-]+)\.(?:(cluster|cluster-ro|cluster-custom|proxy)-)?[a-z0-9]+\.[a-z0-9-]+\.rds\.amazonaws\.com(\.cn)?$/
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/

type Refusal = string | null

const form = (url: URL | null): Refusal =>
  !url || !/^postgres(ql)?:$/.test(url.protocol) || url.hostname === '' || url.username === ''
    ? 'write it as postgresql://user@host:5432/database'
    : null

/** Whatever a URL asks for, the certificate of the server and its host name are verified. */
const tls = ({ searchParams }: URL): Refusal => {
  const [unknown] = [...searchParams].filter(([name, value]) => !(name === 'sslmode' && value === 'verify-full'))
  return unknown ? `leave "${unknown[0]}" out: TLS is verified in full, and nothing else can be set here` : null
}

const host = ({ hostname }: URL): Refusal => {
  if (LOOPBACK.test(hostname)) return 'a function does not reach a database on its own machine'
  const [, , kind] = RDS_HOST.exec(hostname) ?? []
  if (kind === 'proxy')
    return 'this is an RDS Proxy, which loses locks and settings of sessions: give the database itself'
  if (kind === 'cluster-ro') return 'this is the reader of a cluster: give its writer, without "-ro"'
  return null
}

const databaseUrl = z.string().superRefine((text, context) => {
  const url = URL.parse(text)
  // The template shows it to everyone who may read the stack. The text itself is never repeated.
  const secret = url?.password ? 'leave the password out: IAM signs in' : null
  const message = form(url) ?? secret ?? (url && (tls(url) ?? host(url)))
  if (message) context.addIssue({ code: 'custom', message })
})

const id = (form: RegExp, example: string) => z.string().regex(form, `write its id, such as ${example}`)

/** Where the functions stand that talk to the database: in subnets that need no way to the internet. */
const Network = z.strictObject({
  vpc: id(/^vpc-[0-9a-f]+$/, 'vpc-0123456789abcdef0'),
  /** By availability zone. */
  subnets: z
    .record(
      z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d[a-z]$/, 'write the zone of each subnet, such as eu-central-1a'),
      id(/^subnet-[0-9a-f]+$/, 'subnet-0123456789abcdef0'),
    )
    .refine((subnets) => Object.keys(subnets).length > 0, 'name at least one subnet by its zone'),
  /** Of the database: it gets a rule that lets the functions in. */
  securityGroup: id(/^sg-[0-9a-f]+$/, 'sg-0123456789abcdef0'),
  /** The addresses of S3 in the region. */
  s3PrefixList: z
    .string()
    .regex(
      /^pl-[0-9a-f]+$/,
      'write what this prints: aws ec2 describe-managed-prefix-lists --filters Name=prefix-list-name,Values=com.amazonaws.REGION.s3 --query PrefixLists[].PrefixListId',
    ),
  /** Those of the subnets, for a gateway endpoint of S3. Left out where the subnets have one. */
  routeTables: z
    .array(id(/^rtb-[0-9a-f]+$/, 'rtb-0123456789abcdef0'))
    .min(1)
    .optional(),
})
export type Network = z.output<typeof Network>

/** `DbiResourceId` of an instance or `DbClusterResourceId` of a cluster: IAM names databases by them. */
const ResourceId = z.string().superRefine((text, context) => {
  if (/^(db|cluster)-[A-Z0-9]+$/.test(text)) return
  const message = text.startsWith('prx-')
    ? 'this is an RDS Proxy, which loses locks and settings of sessions: give the database itself'
    : 'write the resource id, such as db-ABCDEFGH or cluster-ABCDEFGH'
  context.addIssue({ code: 'custom', message })
})

export const Database = z.strictObject({ url: databaseUrl, resourceId: ResourceId, network: Network })
export type Database = z.output<typeof Database>

/** What RDS calls the instance or cluster in its events; `null` where the address is not one of RDS. */
export const identifierOf = ({ url }: Pick<Database, 'url'>): string | null =>
  RDS_HOST.exec(new URL(url).hostname)?.[1] ?? null

export const portOf = ({ url }: Pick<Database, 'url'>): number => Number(new URL(url).port || 5432)
