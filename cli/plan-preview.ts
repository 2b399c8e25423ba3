import { postgres } from '#aws/postgres.ts'
import type { Path } from '#core/names.ts'
import { loadPlan } from '#core/plan/load.ts'
import { previewOfPlan } from '#core/preview/of-plan.ts'
import { previewOnDatabase } from '#core/preview/preview.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { findPlan } from './plans.ts'
import { previewText } from './preview-text.ts'

export interface PlanPreviewOptions {
  readonly path: Path
  readonly databaseUrl?: string
  readonly plans?: string
  readonly json?: boolean
}

/** `vector-rollback plan preview`: what a path would do. Writes nothing. Resolves to 3 when it would be refused. */
export const planPreview = async (name: string, options: PlanPreviewOptions): Promise<ExitCode> => {
  const plan = await loadPlan(await findPlan(name, options.plans))
  const { path, databaseUrl } = options
  const preview =
    databaseUrl === undefined
      ? await previewOfPlan(plan, path)
      : await previewOnDatabase(plan, path, postgres({ url: databaseUrl }), new Date())
  const text = options.json
    ? JSON.stringify({ ...preview, wrote: 'nothing' }, null, 2)
    : previewText(preview, process.stdout)
  process.stdout.write(`${text}\n`)
  return preview.refusals.length === 0 ? EXIT.ok : EXIT.refused
}
