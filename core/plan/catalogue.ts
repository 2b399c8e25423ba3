import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { z } from 'zod'

const Threshold = z.strictObject({
  metric: z.string(),
  op: z.string(),
  value: z.union([z.number(), z.string()]),
  unit: z.string(),
  duration: z.string().optional(),
})

const Requirement = z.strictObject({
  id: z.string(),
  kind: z.string(),
  path: z.string(),
  lines: z.string(),
  text: z.string(),
  threshold: Threshold.optional(),
  budget: z.string().optional(),
  data_loss: z.string().optional(),
  data_loss_inferred: z.string().optional(),
  outside: z.string().optional(),
})

const Catalogue = z.strictObject({
  runbooks: z.record(
    z.string(),
    z.strictObject({ source: z.string(), system: z.string(), requirements: z.array(Requirement) }),
  ),
  corrections: z.array(
    z.strictObject({
      id: z.string(),
      runbooks: z.array(z.string()),
      requirements: z.array(z.string()),
      says: z.string(),
      problem: z.string(),
      must: z.string(),
    }),
  ),
  conflicts: z.array(
    z.strictObject({
      id: z.string(),
      topic: z.string(),
      runbooks: z.array(z.string()),
      requirements: z.array(z.string()),
      says: z.string(),
      rule: z.string(),
    }),
  ),
})

/**
 * The runbooks that the plans were made from, taken apart: requirements by runbook, corrections of what cannot work as
 * written (`DEF-…`), and the rule that settles each conflict (`CON-…`).
 */
export type Catalogue = z.infer<typeof Catalogue>

/** Reads `plans/catalogue.yaml`, or a file of the same form. */
export const loadCatalogue = async (
  file: URL | string = new URL('../../plans/catalogue.yaml', import.meta.url),
): Promise<Catalogue> => Catalogue.parse(parse(await readFile(file, 'utf8'), { maxAliasCount: 0 }))

/** Ids of requirements of all runbooks. */
export const requirementIds = ({ runbooks }: Catalogue): string[] =>
  Object.values(runbooks).flatMap(({ requirements }) => requirements.map(({ id }) => id))

/** Ids of corrections and conflict rules. */
export const ruleIds = ({ corrections, conflicts }: Catalogue): string[] => [
  ...corrections.map(({ id }) => id),
  ...conflicts.map(({ id }) => id),
]
