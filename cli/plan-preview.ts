import { access } from 'node:fs/promises'
import { resolve } from 'node:path'
import { postgres } from '#aws/postgres.ts'
import { quietFunctions } from '#cli/quiet-functions.ts'
import { RollbackError } from '#core/errors.ts'
import type { Path, SnapshotId } from '#core/names.ts'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import { previewOfPlan } from '#core/preview/of-plan.ts'
import { type PreviewOptions, previewOnDatabase } from '#core/preview/preview.ts'
import { previewSize, type Size } from '#core/preview/size.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { findPlan } from './plans.ts'
import { previewText } from './preview-text.ts'
import { sizeText } from './size-text.ts'

export interface PlanPreviewOptions {
  readonly path: Path
  readonly scenario?: string
  readonly databaseUrl?: string
  readonly plans?: string
  readonly json?: boolean
  readonly state?: string
  readonly snapshot?: string
  readonly acceptDrift?: boolean
  readonly size?: Size
}

/** The snapshots of local runs, read through the same endpoint as theirs. */
const withBucket = async <T>(
  { state, snapshot, acceptDrift = false, path }: PlanPreviewOptions,
  url: string,
  work: (bucket: Pick<PreviewOptions, 'bucket'>) => Promise<T>,
): Promise<T> => {
  if (path !== 'restore' || state === undefined) return work({})
  await access(state).catch(() => {
    throw new RollbackError('Usage.Invalid', `There is no folder "${state}".`, {
      fix: 'Give the --state of the runs whose snapshots you want to restore.',
      category: 'usage',
    })
  })
  // Only here: a preview that looks at no bucket should not wait for all of it to load.
  const { startStack } = await import('#local/stack.ts')
  quietFunctions()
  const environment = 'local'
  const stack = await startStack({ directory: resolve(state), environment, database: { url } })
  try {
    const asked = snapshot === undefined ? {} : { snapshot: snapshot as SnapshotId }
    return await work({ bucket: { objects: stack.objects, environment, acceptDrift, ...asked } })
  } finally {
    await stack.close()
  }
}

/** `--size`: by arithmetic alone. Resolves to 3 when something of it would not work. */
const sizePreview = (plan: Plan, size: Size, { json }: PlanPreviewOptions): ExitCode => {
  const preview = previewSize(size, plan.snapshot)
  process.stdout.write(`${json ? JSON.stringify(preview, null, 2) : sizeText(plan, size, preview)}\n`)
  return preview.problems.length === 0 ? EXIT.ok : EXIT.refused
}

/** `vector-rollback plan preview`: what a path would do. Writes nothing. Resolves to 3 when it would be refused. */
export const planPreview = async (name: string, options: PlanPreviewOptions): Promise<ExitCode> => {
  const plan = await loadPlan(await findPlan(name, options.plans))
  if (options.size) return sizePreview(plan, options.size, options)
  const { path, scenario, databaseUrl } = options
  const preview =
    databaseUrl === undefined
      ? await previewOfPlan(plan, path, scenario)
      : await withBucket(options, databaseUrl, (bucket) =>
          previewOnDatabase(plan, path, postgres({ url: databaseUrl }), {
            now: new Date(),
            ...bucket,
            ...(scenario === undefined ? {} : { scenario }),
          }),
        )
  const text = options.json
    ? JSON.stringify({ ...preview, wrote: 'nothing' }, null, 2)
    : previewText(preview, process.stdout)
  process.stdout.write(`${text}\n`)
  return preview.refusals.length === 0 ? EXIT.ok : EXIT.refused
}
