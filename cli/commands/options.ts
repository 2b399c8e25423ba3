import { InvalidArgumentError, Option } from 'commander'
import { PATHS } from '#core/names.ts'

export const scenario = (): Option =>
  new Option('--scenario <name>', 'path partial: which of its scenarios; default: its own steps')

export const path = (): Option => new Option('--path <path>', 'flag, partial, full, restore or purge').choices(PATHS)

export const databaseUrl = (description: string): Option =>
  new Option('--database-url <url>', `${description}: postgresql://user@host:5432/name; the password from PGPASSWORD`)

export const snapshot = (): Option =>
  new Option(
    '--snapshot <id>',
    'path restore: this snapshot, also over tables that are there (set aside, counted, approved)',
  )

export const acceptDrift = (): Option =>
  new Option('--accept-drift', 'path restore: tables that were altered since the snapshot may be set aside')

export const plans = (): Option =>
  new Option('--plans <dir>', "folder with one folder per plan; default: the project's")

export const json = (): Option => new Option('--json', 'one JSON document on stdout instead of text')

export const out = (): Option => new Option('--out <dir>', 'folder for the report (JSON, Markdown, HTML)')

/** A number of rows: 1 to 100,000,000. */
export const positiveInteger = (text: string): number => {
  const number = Number(text)
  if (/^\d{1,9}$/.test(text) && number >= 1 && number <= 100_000_000) return number
  throw new InvalidArgumentError('Give a whole number from 1 to 100000000.')
}

/** For an option that may be given several times. */
export const collected = (text: string, before: readonly string[] | undefined): string[] => [...(before ?? []), text]

/** Examples below the help of a command. */
export const examples = (...lines: readonly string[]): string =>
  `\nExamples:\n${lines.map((line) => `  $ vector-rollback ${line}`).join('\n')}`

const SIZE = /^rows=([1-9]\d{0,11}),dims=([1-9]\d{0,4})$/

/** `rows=1000000,dims=1536`. pgvector has 16,000 dimensions at most. */
export const size = (text: string): { rows: number; dims: number } => {
  const [, rows, dims] = SIZE.exec(text) ?? []
  if (rows !== undefined && Number(dims) <= 16_000) return { rows: Number(rows), dims: Number(dims) }
  throw new InvalidArgumentError('Write rows=1000000,dims=1536; dims is 16000 at most.')
}
