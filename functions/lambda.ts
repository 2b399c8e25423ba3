import { Logger } from '@aws-lambda-powertools/logger'
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware'
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware'
import middy, { type MiddlewareObj } from '@middy/core'
import type { Context } from 'aws-lambda'
import { collectLate } from '#aws/heap.ts'
import { isRollbackError, RollbackError } from '#core/errors.ts'
import type { Ports, Step, StepResult } from '#core/steps/define-step.ts'
import { runStep } from '#core/steps/run-step.ts'
import { preload } from '#functions/adapters.ts'
import { portsFor } from '#functions/ports.ts'

const logger = new Logger({ serviceName: 'vector-rollback' })

// Not where a person's command line plays all functions: its heap is larger, and three times that is much.
if (process.env.AWS_LAMBDA_FUNCTION_NAME) collectLate()

export interface Handler {
  (event: unknown, context: Context): Promise<unknown>
  /** When everything that it needs is loaded. */
  readonly ready: Promise<void>
}

/** Kept for what has to be told before Lambda ends the function. */
const LAST_MS = 2_000

/** The name that Lambda itself gives: the state machine has one rule for both. */
const outOfTime = (name: string): RollbackError =>
  new RollbackError('Sandbox.Timedout', `"${name}" gave up ${LAST_MS / 1000} s before the end of its time.`, {
    fix: 'Run it again: it looks at what is done before it goes on. Should it run out of time again, see what it waits for.',
    category: 'unreachable',
  })

/** One line and a count for each call, however it ends; never the payload. */
const told = (
  name: string,
  metrics: Metrics,
): MiddlewareObj<unknown, unknown, Error, Context, { started?: number }> => {
  const count = (what: 'Succeeded' | 'Failed', { started }: { started?: number }): number => {
    const ms = performance.now() - (started ?? performance.now())
    metrics.addMetric(what, MetricUnit.Count, 1)
    metrics.addMetric('Duration', MetricUnit.Milliseconds, ms)
    return ms
  }
  return {
    before: ({ internal }) => {
      internal.started = performance.now()
    },
    after: ({ internal }) => logger.info(name, { ms: count('Succeeded', internal) }),
    onError: ({ internal, error }) => {
      const ms = count('Failed', internal)
      logger.error(name, { ms, error: withoutCause(error ?? new Error('no error was given')) })
    },
  }
}

/** The message says what a person needs. What the driver said, which stands in the cause, can quote rows. */
const withoutCause = (error: Error): object => {
  if (!isRollbackError(error)) return error
  const { name, category, message, stack } = error
  return { name, category, message, stack }
}

/**
 * The one file that knows middy and Powertools. Logs each call without its payload (task tokens stand in it), counts
 * calls and failures, and hands on the signal that aborts shortly before the time of the function is over. `needs` are the ports
 * whose adapters are loaded before the first event; any other is loaded when it is called.
 */
export const entry = (
  name: string,
  work: (event: unknown, ports: Ports) => Promise<unknown>,
  needs: readonly string[] = [],
): Handler => {
  const ready = preload(needs)
  // What cannot be loaded fails the call that needs it, with its own error.
  ready.catch(() => undefined)
  const metrics = new Metrics({
    namespace: 'VectorRollback',
    serviceName: 'vector-rollback',
    defaultDimensions: { step: name },
  })
  const handler = middy<unknown, unknown, Error, Context>({
    timeoutEarlyInMillis: LAST_MS,
    timeoutEarlyResponse: () => {
      throw outOfTime(name)
    },
  })
    .use(injectLambdaContext(logger, { logEvent: false }))
    .use(logMetrics(metrics))
    .use(told(name, metrics))
    .handler(async (event, context, options) =>
      work(
        event,
        portsFor({
          signal: options?.signal ?? new AbortController().signal,
          remaining: () => context.getRemainingTimeInMillis(),
        }),
      ),
    )
  return Object.assign((event: unknown, context: Context) => handler(event, context) as Promise<unknown>, { ready })
}

/** The handler of one step of the registry. */
export const lambda = <Kind extends string, Event, Needs extends keyof Ports, Result extends StepResult>(
  step: Step<Kind, Event, Needs, Result>,
): Handler => entry(step.kind, (event, ports) => runStep(step, event, ports), step.needs)
