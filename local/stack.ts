import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Context } from 'aws-lambda'
import { sfnExecutions } from '#aws/executions.ts'
import { ssmFlags } from '#aws/flags.ts'
import { s3Objects } from '#aws/objects.ts'
import { kmsSigner } from '#aws/signer.ts'
import type { Autonomy } from '#core/plan/autonomy.ts'
import type { ServiceUrls } from '#core/plan/services.ts'
import type { Database, Executions, Flags, Objects } from '#core/ports.ts'
import { STEPS, substitutionOf } from '#core/steps/registry.ts'
import type { Handler } from '#functions/lambda.ts'
import { replace } from '#functions/ports.ts'
import { startAnswerUrl } from '#local/answer-url.ts'
import { type Approver, answerTask } from '#local/answers.ts'
import { type ExecutionResult, type HistoryEvent, LambdaError, loadStateMachine } from '#local/asl/interpret.ts'
import { type AwsState, loadAwsState } from '#local/aws-fixture.ts'
import { type TravellingClock, travellingClock } from '#local/clock.ts'
import { cloudwatchService } from '#local/endpoints/cloudwatch.ts'
import { lockDirectory } from '#local/endpoints/directory-lock.ts'
import type { Faults } from '#local/endpoints/faults.ts'
import { kmsService } from '#local/endpoints/kms.ts'
import { platformServices } from '#local/endpoints/platforms.ts'
import { rdsService } from '#local/endpoints/rds.ts'
import { startEndpoints } from '#local/endpoints/server.ts'
import { type SnsService, snsService } from '#local/endpoints/sns.ts'
import { ssmService } from '#local/endpoints/ssm.ts'
import { statesService } from '#local/endpoints/states.ts'
import { awsAt, BUCKET, REGION, setEnvironment } from '#local/environment.ts'
import { localApprovers, localArn } from '#local/people.ts'
import { countAsDrilled } from '#local/practice.ts'

const ACCOUNT = '000000000000'
const TOPIC = `arn:aws:sns:${REGION}:${ACCOUNT}:vector-rollback-local`
const CHAT_TOPIC = `${TOPIC}-chat`
const MACHINE = `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:vector-rollback-local`
const KEY = `arn:aws:kms:${REGION}:${ACCOUNT}:key/vector-rollback-local`
const DEFINITION = new URL('../statemachines/rollback.asl.json', import.meta.url)
/** As long as the longest function may run in AWS. */
const FUNCTION_MS = 15 * 60_000

export interface StackOptions {
  /** Where bucket, parameters, messages and executions are kept; a folder that goes with the stack when it is not given. */
  readonly directory?: string
  readonly environment: string
  /** How far an alarm may go by itself; it acts when nothing is said. */
  readonly autonomy?: Autonomy
  /** Whether a plan may purge without approval. */
  readonly disposable?: boolean
  /** Whether every path counts as drilled: where nothing is said, in a folder that goes with the stack. */
  readonly drilled?: boolean
  readonly plansDirectory?: string
  /** Where services of plans answer, by plan and service, in place of the plans' own addresses. */
  readonly serviceUrls?: ServiceUrls
  /** Of a server; an embedded database is given as it is. */
  readonly database: { readonly url: string } | { readonly embedded: Database }
  /**
   * Who approves; nobody when it is empty. Read at the moment of the question; `null` leaves it open, for somebody else.
   * `by-url`: questions stay open as in AWS, until somebody answers at the URL in the directory.
   */
  readonly approvers?: (() => readonly Approver[] | null) | 'by-url'
  readonly onEvent?: (event: HistoryEvent, executionArn: string) => void
  /**
   * How the minutes of a watch and of a ramp's hold go by. `hurry` (default): the clock travels ten minutes at least, so
   * that half an hour is four looks, and each tier has one; `travel`: exactly as long as the plan says; `wait`: they are waited for.
   */
  readonly watches?: 'hurry' | 'travel' | 'wait'
  /**
   * How the waits of a plan's steps go by. `wait` (default): what is waited for happens outside, such as a queue that somebody
   * works off; `hurry`, for drills: the clock travels, after a moment in which it may happen.
   */
  readonly steps?: 'wait' | 'hurry'
}

/** Everything of AWS that the product uses, on this machine, and the state machine on top of it. */
export interface Stack {
  readonly clock: TravellingClock
  readonly objects: Objects
  readonly flags: Flags
  readonly executions: Executions
  readonly faults: Faults
  /** To people. */
  readonly messages: SnsService['messages']
  /** To the chat. */
  readonly chat: SnsService['messages']
  /** Brings what the local services hold to the state of a fixture. */
  loadAws(state: AwsState): Promise<void>
  /** Invokes a function as AWS would, outside the state machine: `on-alarm`, `probe`, `remind`. */
  invoke(name: string, payload: unknown): Promise<unknown>
  /** Starts the state machine and waits until it has ended. */
  execute(name: string, input: unknown): Promise<ExecutionResult & { arn: string }>
  /** What is to end before the stack does. */
  endsWith(end: () => Promise<unknown>): void
  /** Waits for an execution that something else has started. */
  waitFor(arn: string): Promise<ExecutionResult>
  close(): Promise<void>
}

/** Waits for time alone. The other ones wait for work in the database, which no clock makes faster. */
const WAITS_FOR_TIME = ['Wait and watch', 'Hold']

const context = (name: string): Context => {
  const deadline = performance.now() + FUNCTION_MS
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: name,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}`,
    memoryLimitInMB: '1024',
    awsRequestId: crypto.randomUUID(),
    logGroupName: `/aws/lambda/${name}`,
    logStreamName: 'local',
    getRemainingTimeInMillis: () => Math.max(0, deadline - performance.now()),
    done: () => undefined,
    fail: () => undefined,
    succeed: () => undefined,
  }
}

/** The function's own code, called as Lambda calls it: JSON in, JSON out, errors by their names. */
const call = async (name: string, payload: unknown): Promise<unknown> => {
  const { handler } = (await import(`../functions/${name}.ts`)) as { handler: Handler }
  try {
    return JSON.parse(JSON.stringify((await handler(JSON.parse(JSON.stringify(payload)), context(name))) ?? null))
  } catch (error) {
    if (!(error instanceof Error)) throw error
    throw new LambdaError(error.name, error.message, error.stack?.split('\n').slice(1) ?? [])
  }
}

const HURRY_MS = 10 * 60_000

const MOMENT_MS = 100
const WAITS_FOR_STEP = 'Wait for the step'

const travels =
  (clock: TravellingClock, { watches, steps }: Pick<StackOptions, 'watches' | 'steps'>) =>
  async (state: string, milliseconds: number): Promise<boolean> => {
    if (WAITS_FOR_TIME.includes(state) && watches !== 'wait') {
      clock.travel(Math.max(milliseconds, watches === 'travel' ? 0 : HURRY_MS))
      return true
    }
    if (state !== WAITS_FOR_STEP || steps !== 'hurry' || milliseconds <= MOMENT_MS) return false
    await clock.sleep(MOMENT_MS)
    clock.travel(milliseconds - MOMENT_MS)
    return true
  }

const settings = (options: StackOptions, endpoint: string): Record<string, string> => ({
  ...awsAt(endpoint),
  BUCKET,
  TOPIC_ARN: TOPIC,
  CHAT_TOPIC_ARN: CHAT_TOPIC,
  STATE_MACHINE_ARN: MACHINE,
  LOOPBACK: 'true',
  SERVICE_URLS: JSON.stringify(options.serviceUrls ?? {}),
  ENVIRONMENT: options.environment,
  APPROVAL_KEY_ID: KEY,
  // Nobody knows who sits at this machine; that it is a person does away with the rule for starts by nobody knows whom.
  STARTER: localArn('who-started-it'),
  AUTONOMY: options.autonomy ?? 'act',
  DISPOSABLE: String(options.disposable ?? false),
  ...(options.plansDirectory === undefined ? {} : { PLANS_DIRECTORY: options.plansDirectory }),
  ...('url' in options.database ? { DATABASE_URL: options.database.url } : {}),
})

/**
 * Starts the stack. One at a time in a process, since functions read the environment of their process, as in Lambda. Throws
 * `State.InUse` when another process works with the same directory.
 */
export const startStack = async (options: StackOptions): Promise<Stack> => {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'vector-rollback-')))
  await mkdir(directory, { recursive: true })
  const undo: (() => Promise<unknown> | unknown)[] = []
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    if (options.directory === undefined) undo.push(() => rm(directory, { recursive: true, force: true }))
    undo.push(await lockDirectory(directory))
    const clock = travellingClock()
    const folder = async (name: string) => {
      const path = join(directory, name)
      await mkdir(path, { recursive: true })
      return path
    }
    const objects = s3Objects(BUCKET)
    const executions = sfnExecutions(MACHINE)
    const answered = async (name: string, payload: unknown): Promise<unknown> => {
      const result = await call(name, payload)
      if (options.approvers === 'by-url') return result
      const approvers = options.approvers === undefined ? [] : options.approvers()
      if (approvers)
        await answerTask(payload, approvers, { objects, executions, answer: (event) => call('answer', event) })
      return result
    }
    const names = new Map(STEPS.map(({ kind }) => [substitutionOf(kind), kind]))
    const machine = loadStateMachine(await readFile(DEFINITION, 'utf8'), {
      ...Object.fromEntries(names),
      Bucket: BUCKET,
    })
    const ssm = ssmService({ directory: await folder('ssm'), clock })
    const rds = rdsService({ directory: await folder('rds') })
    const platforms = platformServices({ directory: await folder('platforms'), clock })
    const sns = snsService({ directory: await folder('sns'), clock, topics: [TOPIC, CHAT_TOPIC] })
    const states = statesService({
      directory: await folder('states'),
      machine,
      stateMachineArn: MACHINE,
      clock,
      invoke: answered,
      readItems: async ({ key }) => JSON.parse(Buffer.from((await objects.read(key))?.body ?? []).toString('utf8')),
      writeResults: async ({ key }, results) => void (await objects.write(key, JSON.stringify(results))),
      ...(options.onEvent ? { onEvent: options.onEvent } : {}),
      passes: travels(clock, options),
    })
    const endpoints = await startEndpoints({
      directory: await folder('s3'),
      clock,
      services: [
        ssm,
        rds,
        cloudwatchService({ directory: await folder('cloudwatch'), clock }),
        sns,
        states,
        kmsService({ directory: await folder('kms'), keyArn: KEY }),
        ...platforms.services,
      ],
    })
    undo.push(() => endpoints.close())
    undo.push(setEnvironment(settings(options, endpoints.url)))
    const people = {
      APPROVAL_KEY: await kmsSigner(KEY).publicKey(),
      APPROVERS: JSON.stringify(await localApprovers(options.plansDirectory)),
    }
    undo.push(setEnvironment(people))
    const { database } = options
    replace({ clock, database: 'embedded' in database ? () => database.embedded : null })
    undo.push(() => replace({ clock: null, database: null }))
    undo.push(() => states.close())
    if (options.approvers === 'by-url') {
      const url = await startAnswerUrl(directory, (event) => call('answer', event))
      undo.push(() => url.close())
    }
    // Plain HTTP, since the SDK belongs to the adapters: the deployment makes the bucket, they only use it.
    await fetch(new URL(`/${BUCKET}`, endpoints.url), { method: 'PUT' })
    if (options.drilled ?? options.directory === undefined) await countAsDrilled(objects, clock, options)
    return {
      clock,
      objects,
      flags: ssmFlags(),
      executions,
      faults: endpoints.faults,
      messages: () => sns.messages().filter(({ topicArn }) => topicArn === TOPIC),
      chat: () => sns.messages().filter(({ topicArn }) => topicArn === CHAT_TOPIC),
      loadAws: (state) =>
        loadAwsState(state, { ssm: ssm.load, rds: rds.load, commands: ssm.loadCommands, ...platforms.loaders }),
      invoke: call,
      execute: async (name, input) => {
        const { arn } = await executions.start(name, input)
        return { arn, ...(await states.waitFor(arn)) }
      },
      endsWith: (end) => void undo.push(end),
      waitFor: (arn) => states.waitFor(arn),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
