import { readFile } from 'node:fs/promises'
import { colours } from '#cli/colours.ts'
import { EXIT, type ExitCode } from '#cli/exit-codes.ts'
import { RollbackError } from '#core/errors.ts'
import { readDocument } from '#core/lint/document.ts'
import { type Finding, lintDocument } from '#core/lint/lint.ts'

export interface LintOptions {
  readonly json?: boolean
}

const read = async (file: string): Promise<string> => {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new RollbackError(
      'Lint.Unreadable',
      `"${file}" cannot be read: ${error instanceof Error ? error.message : error}`,
      {
        fix: 'Name a runbook: a file of Markdown, SQL or a shell script.',
        category: 'usage',
        cause: error,
      },
    )
  }
}

const textOf = (findings: readonly Finding[], files: number): string => {
  const { bold, dim } = colours(process.stdout)
  const parts = findings.map(({ file, line, text, rule, why, instead }) =>
    [`${bold(`${file}:${line}`)}  ${rule}`, `  ${dim(text)}`, `  ${why}`, `  In a plan: ${instead}`].join('\n'),
  )
  const places = findings.length === 1 ? '1 place' : `${findings.length} places`
  const total = `${places} in ${files === 1 ? '1 file' : `${files} files`}`
  return [...parts, total].join('\n\n')
}

/** `vector-rollback lint`: resolves to 3 when anything was found. */
export const lint = async (files: readonly string[], options: LintOptions): Promise<ExitCode> => {
  const texts = await Promise.all(files.map(read))
  const findings = files.flatMap((file, index) => lintDocument(readDocument(file, texts[index] ?? '')))
  process.stdout.write(`${options.json ? JSON.stringify({ findings }, null, 2) : textOf(findings, files.length)}\n`)
  return findings.length === 0 ? EXIT.ok : EXIT.refused
}
