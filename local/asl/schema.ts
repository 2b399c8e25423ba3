import { z } from 'zod'
import { INVOKE, INVOKE_AND_WAIT, type State } from './definition.ts'
import { expressionSource } from './expression.ts'

/** The fields of each state type, closed: a field that is not here is not implemented and is refused. */
const Name = z.string().min(1).max(80)
const Comment = z.string().optional()
const Template = z.json()
const Expression = z
  .string()
  .refine((text) => expressionSource(text) !== null, 'must be a JSONata expression: {% … %}, nothing before or after')
const MAX = 99_999_999
const NumberOrExpression = z.union([z.int().min(0).max(MAX), Expression])
const Limit = z.union([z.int().min(1).max(MAX), Expression]).optional()

/** `states` is taken; the rest are the identifiers that `$name` can reach. */
const Variable = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,79}$/, 'is not the name of a variable')
  .refine((name) => name !== 'states', '"states" is reserved')
const Assign = z.record(Variable, Template).optional()
const Output = Template.optional()

const common = { Comment, QueryLanguage: z.literal('JSONata').optional() }
const settling = { Assign, Output }
const transition = { ...settling, Next: Name.optional(), End: z.literal(true).optional() }

const ErrorEquals = z.array(z.string().min(1)).min(1)
const Retrier = z.strictObject({
  Comment,
  ErrorEquals,
  IntervalSeconds: z.int().min(1).optional(),
  MaxAttempts: z.int().min(0).optional(),
  BackoffRate: z.number().min(1).optional(),
  MaxDelaySeconds: z.int().min(1).max(31_622_400).optional(),
  JitterStrategy: z.enum(['FULL', 'NONE']).optional(),
})
const Catcher = z.strictObject({ Comment, ErrorEquals, ...settling, Next: Name })
const fallible = { Retry: z.array(Retrier).optional(), Catch: z.array(Catcher).optional() }

const States: z.ZodType<{ [name: string]: State }> = z.lazy(() => z.record(Name, StateSchema))
const flow = { Comment, StartAt: Name, States }

const Pass = z.strictObject({ Type: z.literal('Pass'), ...common, ...transition })

const Task = z.strictObject({
  Type: z.literal('Task'),
  ...common,
  ...transition,
  ...fallible,
  Resource: z.enum([INVOKE, INVOKE_AND_WAIT]),
  Arguments: z.strictObject({ FunctionName: z.string().min(1), Payload: Template.optional() }),
  TimeoutSeconds: Limit,
  HeartbeatSeconds: Limit,
})

const Choice = z.strictObject({
  Type: z.literal('Choice'),
  ...common,
  ...settling,
  Choices: z
    .array(z.strictObject({ Comment, Condition: z.union([Expression, z.boolean()]), Next: Name, ...settling }))
    .min(1),
  Default: Name.optional(),
})

const Wait = z.strictObject({
  Type: z.literal('Wait'),
  ...common,
  ...transition,
  Seconds: NumberOrExpression.optional(),
  Timestamp: z.string().optional(),
})

const Succeed = z.strictObject({ Type: z.literal('Succeed'), ...common, Output })

const Fail = z.strictObject({
  Type: z.literal('Fail'),
  ...common,
  Error: z.string().optional(),
  Cause: z.string().optional(),
})

const Parallel = z.strictObject({
  Type: z.literal('Parallel'),
  ...common,
  ...transition,
  ...fallible,
  Branches: z.array(z.strictObject(flow)).min(1),
  Arguments: Template.optional(),
})

const MapSchema = z.strictObject({
  Type: z.literal('Map'),
  ...common,
  ...transition,
  ...fallible,
  Items: z.union([Expression, z.array(Template)]).optional(),
  ItemReader: z
    .strictObject({
      Resource: z.literal('arn:aws:states:::s3:getObject'),
      ReaderConfig: z.strictObject({ InputType: z.literal('JSON') }),
      Arguments: z.strictObject({ Bucket: z.string().min(1), Key: z.string().min(1) }),
    })
    .optional(),
  ItemSelector: Template.optional(),
  ItemProcessor: z.strictObject({
    ...flow,
    ProcessorConfig: z
      .discriminatedUnion('Mode', [
        z.strictObject({ Mode: z.literal('INLINE') }),
        z.strictObject({ Mode: z.literal('DISTRIBUTED'), ExecutionType: z.literal('STANDARD') }),
      ])
      .optional(),
  }),
  MaxConcurrency: NumberOrExpression.optional(),
  ToleratedFailurePercentage: z.union([z.number().min(0).max(100), Expression]).optional(),
  ToleratedFailureCount: NumberOrExpression.optional(),
  ResultWriter: z
    .strictObject({
      Resource: z.literal('arn:aws:states:::s3:putObject'),
      Arguments: z.strictObject({ Bucket: z.string().min(1), Prefix: z.string().min(1) }),
    })
    .optional(),
  Label: z
    .string()
    .regex(/^[\w.-]{1,40}$/, 'must be at most 40 letters, digits and _.-')
    .optional(),
})

const StateSchema = z.discriminatedUnion('Type', [Pass, Task, Choice, Wait, Succeed, Fail, Parallel, MapSchema])

export const MachineSchema = z.strictObject({
  ...flow,
  QueryLanguage: z.literal('JSONata'),
  TimeoutSeconds: z.int().min(1).max(MAX).optional(),
  Version: z.literal('1.0').optional(),
})
