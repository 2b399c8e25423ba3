import { resolve } from 'node:path'
import { type Catalogue, loadCatalogue, requirementIds, ruleIds } from './catalogue.ts'
import { checkSql } from './check-sql.ts'
import { listSqlFiles } from './files.ts'
import { PLAN_FILE, type Plan, readPlan } from './load.ts'
import { nearest } from './nearest.ts'
import { inOrder, type Problem } from './problem.ts'
import { type SqlReference, sqlReferences } from './references.ts'
import { problemAt, type YamlFile } from './yaml.ts'

const catalogueProblems = (plan: Plan, yaml: YamlFile, catalogue: Catalogue): Problem[] => {
  const compare = (key: 'covers' | 'applies', known: readonly string[]) =>
    plan[key].flatMap((id, index): Problem[] => {
      const path = [key, index]
      if (plan[key].indexOf(id) !== index) {
        return [problemAt(yaml, PLAN_FILE, path, { message: `"${id}" is named twice.`, fix: 'Remove one.' })]
      }
      if (known.includes(id)) return []
      const near = nearest(id, known)
      const fix = near === null ? 'Remove it.' : `Did you mean "${near}"?`
      return [problemAt(yaml, PLAN_FILE, path, { message: `"${id}" is not in the catalogue.`, fix })]
    })
  return [...compare('covers', requirementIds(catalogue)), ...compare('applies', ruleIds(catalogue))]
}

/** A file of the other uses is one SELECT, whatever for. */
const JUDGED_APART: readonly SqlReference['use'][] = ['step', 'change', 'capture']

const sqlProblems = async (plan: Plan): Promise<Problem[]> => {
  const problems: Problem[] = []
  const checked = new Set<string>()
  for (const { file, use } of sqlReferences(plan)) {
    const text = plan.sql[file]
    const once = `${JUDGED_APART.includes(use) ? use : 'select'} ${file}`
    if (text === undefined || checked.has(once)) continue
    checked.add(once)
    problems.push(...(await checkSql(file, text, use)))
  }
  return problems
}

const unreferenced = async (plan: Plan): Promise<Problem[]> => {
  const named = sqlReferences(plan).map(({ file }) => file)
  const files = await listSqlFiles(plan.directory)
  return files
    .filter((file) => !named.includes(file))
    .map((file) => ({
      file,
      line: 1,
      column: 1,
      path: '',
      message: 'plan.yaml does not name this file.',
      fix: 'Name it in plan.yaml, or delete it.',
    }))
}

/**
 * Everything that is wrong with the plan of a folder, without running anything: the file, its references, its SQL parsed
 * with PostgreSQL's own grammar, and its catalogue ids. In the order of files and lines; empty for a good plan.
 */
export const checkPlan = async (directory: string): Promise<Problem[]> => {
  const { plan, yaml, problems } = await readPlan(resolve(directory))
  if (plan === null) return [...problems]
  const catalogue = await loadCatalogue()
  return inOrder([
    ...problems,
    ...catalogueProblems(plan, yaml, catalogue),
    ...(await sqlProblems(plan)),
    ...(await unreferenced(plan)),
  ])
}
