import { basename, resolve } from 'node:path'
import { RollbackError } from '#core/errors.ts'
import type { FlagPath, Sha256 } from '#core/names.ts'
import { digestOf } from './digest.ts'
import { explain } from './explain.ts'
import { readPlanFile } from './files.ts'
import { suggestion } from './nearest.ts'
import { inOrder, PlanError, type Problem } from './problem.ts'
import { brokenReferences, sqlReferences } from './references.ts'
import { PlanFile } from './schema.ts'
import { ENVIRONMENT } from './vocabulary.ts'
import { parseYaml, problemAt, type YamlFile } from './yaml.ts'

export { PlanError } from './problem.ts'

/** A plan as it is run: what plan.yaml says, and the SQL files that it names. */
export interface Plan extends PlanFile {
  /** Absolute path of the plan's folder. */
  readonly directory: string
  /** SHA-256 over names and bytes of plan.yaml and of every SQL file that it names. */
  readonly digest: Sha256
  /** Text of the SQL files by the names that plan.yaml uses. */
  readonly sql: Readonly<Record<string, string>>
}

export const PLAN_FILE = 'plan.yaml'

/** A plan with what is wrong with it; `plan` is `null` when there is no telling what it says. */
export interface ReadPlan {
  readonly plan: Plan | null
  readonly yaml: YamlFile
  readonly problems: readonly Problem[]
}

/** Reads a plan and all its problems, those of its references included. SQL is read, not parsed. */
export const readPlan = async (folder: string): Promise<ReadPlan> => {
  const directory = resolve(folder)
  const source = await readPlanFile(directory, PLAN_FILE)
  if (!source.ok) {
    const { message, fix } = source
    const problem: Problem = { file: PLAN_FILE, line: 1, column: 1, path: '', message, fix }
    return { plan: null, yaml: parseYaml(PLAN_FILE, ''), problems: [problem] }
  }
  const yaml = parseYaml(PLAN_FILE, source.text)
  if (yaml.problems.length > 0) return { plan: null, yaml, problems: inOrder(yaml.problems) }
  const parsed = PlanFile.safeParse(yaml.value)
  if (!parsed.success) {
    return { plan: null, yaml, problems: inOrder(explain(parsed.error, PlanFile, PLAN_FILE, yaml)) }
  }

  const problems = brokenReferences(parsed.data).map(({ path, ...rule }) => problemAt(yaml, PLAN_FILE, path, rule))
  if (parsed.data.name !== basename(directory)) {
    const message = `"${parsed.data.name}" is not the name of the plan's folder.`
    problems.push(
      problemAt(yaml, PLAN_FILE, ['name'], { message, fix: `Write "${basename(directory)}", or rename the folder.` }),
    )
  }
  const bytes = new Map([[PLAN_FILE, source.bytes]])
  const sql: Record<string, string> = {}
  for (const { file, path } of sqlReferences(parsed.data)) {
    if (sql[file] !== undefined) continue
    const content = await readPlanFile(directory, file)
    if (content.ok) {
      bytes.set(file, content.bytes)
      sql[file] = content.text
    } else problems.push(problemAt(yaml, PLAN_FILE, path, { message: content.message, fix: content.fix }))
  }
  return { plan: { ...parsed.data, directory, digest: digestOf(bytes), sql }, yaml, problems: inOrder(problems) }
}

/** Loads the plan of a folder. Throws `PlanError` (`Plan.Invalid`) with every problem that it finds. */
export const loadPlan = async (directory: string): Promise<Plan> => {
  const { plan, problems } = await readPlan(directory)
  if (plan === null || problems.length > 0) throw new PlanError(directory, problems)
  return plan
}

/**
 * The SSM parameter of a flag in an environment: `{env}` becomes the environment's name. Throws `Plan.UnknownFlag`,
 * `Environment.Invalid`.
 */
export const resolveFlag = (plan: Pick<PlanFile, 'flags'>, name: string, environment: string): FlagPath => {
  if (!ENVIRONMENT.test(environment)) {
    throw new RollbackError('Environment.Invalid', `"${environment}" cannot be the name of an environment.`, {
      fix: 'Use at most 31 lower-case letters, digits and dashes, such as "prod".',
      category: 'usage',
    })
  }
  const flag = Object.hasOwn(plan.flags, name) ? plan.flags[name] : undefined
  if (flag === undefined) {
    throw new RollbackError('Plan.UnknownFlag', `"${name}" is not a flag of this plan.`, {
      fix: suggestion(name, Object.keys(plan.flags)),
      category: 'usage',
    })
  }
  return flag.parameter.replaceAll('{env}', environment) as FlagPath
}

/** The SSM parameter of a flag's percentage in an environment; `null` when the flag has none. */
export const resolveRamp = (plan: Pick<PlanFile, 'flags'>, name: string, environment: string): FlagPath | null => {
  const flag = plan.flags[name]
  return flag?.ramp === undefined
    ? null
    : resolveFlag({ flags: { [name]: { ...flag, parameter: flag.ramp } } }, name, environment)
}
