import type { Template } from 'aws-cdk-lib/assertions'
import { z } from 'zod'

const many = <T extends z.ZodType>(one: T) => z.union([z.array(one), one.transform((value) => [value])])

const Statement = z.object({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Action: many(z.string()),
  Resource: many(z.string()),
  Condition: z.record(z.string(), z.unknown()).optional(),
})
export type Statement = z.output<typeof Statement>

const Policy = z.object({
  Properties: z.object({
    PolicyDocument: z.object({ Statement: z.array(Statement) }),
    Roles: z.array(z.string()).optional(),
  }),
})

const LambdaFunction = z.object({
  Properties: z.object({
    FunctionName: z.string(),
    Handler: z.string(),
    Timeout: z.number(),
    Role: z.string(),
    Environment: z.object({ Variables: z.record(z.string(), z.string()) }),
    LoggingConfig: z.object({ LogGroup: z.string() }),
  }),
})
export type LambdaFunction = z.output<typeof LambdaFunction>['Properties']

const Intrinsic = z.union([
  z.strictObject({ Ref: z.string() }).transform(({ Ref }) => (Ref.startsWith('AWS::') ? `<${Ref.slice(5)}>` : Ref)),
  z.strictObject({ 'Fn::GetAtt': z.tuple([z.string(), z.string()]) }).transform(({ 'Fn::GetAtt': [id] }) => id),
  // Of the other stack, by its own logical id: `stack:ExportsOutputRef<id><hash>`, `…FnGetAtt<id>Arn<hash>`.
  z
    .strictObject({ 'Fn::ImportValue': z.string() })
    .transform(
      ({ 'Fn::ImportValue': name }) =>
        /ExportsOutput(?:Ref|FnGetAtt)(\w+?)(?:Arn)?[0-9A-F]{8}$/.exec(name)?.[1] ?? name,
    ),
  z
    .strictObject({ 'Fn::Join': z.tuple([z.literal(''), z.array(z.unknown())]) })
    .transform(({ 'Fn::Join': [, parts] }) => parts.map(plain).join('')),
])

/** The template's references as text: a resource is its logical id, the account is `<AccountId>`. */
export const plain = (value: unknown): unknown => {
  const intrinsic = Intrinsic.safeParse(value)
  if (intrinsic.success) return intrinsic.data
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]))
}

const resources = <T>(template: Template, type: string, shape: z.ZodType<T>): [string, T][] =>
  Object.entries(template.findResources(type)).map(([id, resource]) => [id, shape.parse(plain(resource))])

/** The functions by their names without what all of them begin with. */
export const functionsOf = (template: Template): Map<string, LambdaFunction> =>
  new Map(
    resources(template, 'AWS::Lambda::Function', LambdaFunction).map(([, { Properties }]) => [
      Properties.FunctionName.replace(/^vector-rollback-(dev|staging|prod)-/, ''),
      Properties,
    ]),
  )

/** What the policies of a role say; `id` is its logical id. */
export const statementsOf = (template: Template, id: string): Statement[] =>
  resources(template, 'AWS::IAM::Policy', Policy)
    .filter(([, { Properties }]) => Properties.Roles?.includes(id))
    .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement)

export const bucketPolicy = (template: Template): Statement[] =>
  resources(template, 'AWS::S3::BucketPolicy', Policy).flatMap(([, one]) => one.Properties.PolicyDocument.Statement)

/** Whether statements allow an action on the end of a resource's ARN, by IAM's rules for `*`. */
export const allows = (statements: readonly Statement[], action: string, resource: string): boolean =>
  statements.some(
    ({ Effect, Action, Resource }) =>
      Effect === 'Allow' && Action.includes(action) && Resource.some((pattern) => matches(pattern, resource)),
  )

const matches = (pattern: string, end: string): boolean => {
  const text = pattern.replaceAll(/[.*+?^${}()|[\]\\]/g, (one) => (one === '*' ? '.*' : `\\${one}`))
  return new RegExp(`^${text}$`).test(end)
}
