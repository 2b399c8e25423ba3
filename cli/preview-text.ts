import { printTable } from '#core/names.ts'
import { type Milliseconds, printDuration } from '#core/plan/duration.ts'
import { printRoute } from '#core/plan/work-of.ts'
import type { Approval, Preview, PreviewLine, TableSize } from '#core/preview/model.ts'
import { counted, size } from '#core/report/figures.ts'
import { colours, type Output } from './colours.ts'

const duration = (milliseconds: number): string => printDuration(milliseconds as Milliseconds)

const indented = (text: string, indent: string): string => text.replaceAll('\n', `\n${indent}`)

const rowsText = ({ rows, counted: exact }: TableSize): string =>
  rows === null ? 'rows unknown' : `${exact ? '' : 'about '}${counted(rows, 'row')}`

const sizeText = (table: TableSize): string =>
  `${printTable(table)}: ${rowsText(table)}, ${size(table.bytes)} with indexes`

const destroysText = ({ destroys, path }: Preview): string[] => {
  if (destroys === 'nothing') {
    const kept: Readonly<Partial<Record<Preview['path'], string>>> = {
      partial: ': an index that is dropped is built again by the path restore',
      full: ': the tables are moved, and undo is the move back',
    }
    return [`nothing is destroyed${kept[path] ?? ''}`]
  }
  if (destroys === 'not looked at')
    return ['rows and bytes are not known without the database; nothing without approval']
  const { tables, objects, extension } = destroys
  const exact = tables.every((table) => table.counted)
  const rows = tables.some((table) => table.rows === null)
    ? null
    : tables.reduce((sum, table) => sum + (table.rows ?? 0), 0)
  const bytes = tables.reduce((sum, table) => sum + table.bytes, 0)
  return [
    `${rows === null ? 'an unknown number of rows' : `${exact ? '' : 'about '}${counted(rows, 'row')}`}, ${size(bytes)}, after approval; the verified snapshot keeps the rows`,
    ...tables.map(sizeText),
    ...objects,
    ...(extension === null
      ? []
      : [
          extension.kept === null
            ? `extension ${extension.name}`
            : `not the extension ${extension.name}: ${extension.kept}`,
        ]),
  ]
}

const approvalText = ({ purpose, signal, roles, people, within, gates }: Approval): string[] => [
  `${signal === null ? purpose : `${purpose}, when the signal ${signal} has started it`}: ${roles.join(', ')}; ${people === 1 ? 'one person' : `${people} different people`}, within ${duration(within)}`,
  ...gates.map((gate) => `  to attest: ${gate}`),
]

const checkText = ({ name, describe, after }: Preview['checks'][number]): string => {
  const moments = after.includes('re-enable') ? ` (${after.length > 1 ? 'and again ' : ''}when enabled)` : ''
  return `${name}${moments}: ${describe}`
}

/** A preview for people. What matters most stands at the end, where a terminal shows it. */
export const previewText = (preview: Preview, stream: Output): string => {
  const { bold, dim, red, yellow, green } = colours(stream)
  const lines: string[] = [
    bold(`Preview: ${preview.plan}, path ${printRoute(preview)}`),
    dim(
      `plan ${preview.planDigest.slice(0, 12)}…, ${preview.database ? `database ${preview.database}` : 'no database looked at'}`,
    ),
  ]
  const section = (title: string, entries: readonly string[], paint = (text: string) => text): void => {
    if (entries.length === 0) return
    lines.push('', bold(paint(title)), ...entries.map((entry) => `  ${indented(entry, '  ')}`))
  }
  const lineText = (line: PreviewLine, number: string): string => {
    const indent = ' '.repeat(number.length + 1)
    if (line.kind === 'action') return `${dim(number)} ${indented(line.text, indent)}`
    const note = line.note === undefined ? '' : ` (${line.note})`
    return `${dim(number)} ${indented(`${line.sql};`, indent)}\n${indent}${dim(`lock: ${line.lock}${note}`)}`
  }
  for (const [i, { title, lines: entries }] of preview.stages.entries()) {
    section(
      `${i + 1}. ${title}`,
      entries.map((line, j) => lineText(line, `${i + 1}.${j + 1}`)),
    )
  }
  section('Tables', preview.tables.map(sizeText))
  section(
    'Flags',
    preview.flags.map(
      ({ name, parameter, safe, delivery, within }) =>
        `${name} = "${safe}" (${parameter}, ${delivery}, obeyed within ${duration(within)})`,
    ),
  )
  section('Checks that must pass', preview.checks.map(checkText))
  section('Approvals', preview.approvals.length === 0 ? ['none'] : preview.approvals.flatMap(approvalText))
  section('Budgets', [
    `${duration(preview.budgets.path)} for the path; no statement makes another session wait longer than ${duration(preview.budgets.lock)}`,
  ])
  section('Destroys', destroysText(preview))
  section('Not looked at', preview.notLookedAt)
  section('Notes', preview.notes, yellow)
  section(
    'It would be refused',
    preview.refusals.map(({ name, message, fix }) => `${name}: ${message}\nfix: ${fix}`),
    red,
  )
  const verdict = preview.refusals.length === 0 ? green('Nothing was written.') : red('Nothing was written.')
  return [
    ...lines,
    '',
    `${bold(verdict)} This was a preview${preview.database ? ', in read-only transactions' : ''}.`,
  ].join('\n')
}
