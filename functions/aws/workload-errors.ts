import { type CallErrors, fromSdk } from '#aws/sdk-errors.ts'
import { RollbackError } from '#core/errors.ts'
import { printWorkload, type Workload } from '#core/plan/workloads.ts'

const NAMES = {
  unreachable: 'Workload.Unreachable',
  denied: 'Workload.Denied',
  rejected: 'Workload.Rejected',
} as const satisfies Partial<CallErrors>

/** One call about a workload, with its errors under our names. `doing` goes before the workload: `Restarting`. */
export const asked = async <T>(
  workload: Workload,
  { doing, action, fix }: { readonly doing: string; readonly action: string; readonly fix: string },
  call: () => Promise<T>,
): Promise<T> => {
  try {
    return await call()
  } catch (error) {
    throw fromSdk(error, { ...NAMES, doing: `${doing} ${printWorkload(workload)}`, action }, fix)
  }
}

export const missing = (workload: Workload): RollbackError =>
  new RollbackError('Workload.Missing', `There is no ${printWorkload(workload)} here.`, {
    fix: 'Correct the names in the plan, or the account, the region and the environment that it runs in.',
    category: 'usage',
  })

export const noSuchVersion = (workload: Workload, version: string, fix: string, cause?: unknown): RollbackError =>
  new RollbackError(
    'Workload.NoSuchVersion',
    `The version "${version}" of ${printWorkload(workload)} is not there any more.`,
    {
      fix,
      category: 'refused',
      cause,
    },
  )
