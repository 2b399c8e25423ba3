import { NOT_KNOWN } from '#core/plan/placeholders.ts'
import { printRoute } from '#core/plan/work-of.ts'
import { moment, size } from '#core/report/figures.ts'
import type { RunReport } from '#core/report/model.ts'

export interface RecordLine {
  readonly label: string
  readonly value: string
}

export interface RecordGroup {
  readonly title: string
  readonly lines: readonly RecordLine[]
}

const line = (label: string, value: string | null): RecordLine => ({ label, value: value || NOT_KNOWN })

/** Some hundred changes make a list that nobody reads; the steps of the report have all of them. */
const MOST_ACTIONS = 20

/** What was done, as the steps tell it; what only looked is not among it. */
const actionsOf = ({ steps }: RunReport): string => {
  const done = steps.filter(({ changed }) => changed).map(({ kind, detail }) => `${kind}: ${detail}`)
  const more = done.length - MOST_ACTIONS
  return more > 0 ? [...done.slice(0, MOST_ACTIONS), `and ${more} more`].join('; ') : done.join('; ')
}

const minutes = (seconds: number): string => `${Math.ceil(seconds / 60)} min`

const detection = ({ signal, startedBy }: RunReport): string =>
  signal ? `alarm ${signal.alarm ?? signal.name}` : startedBy.detail

/** Sealed is what the bucket says; that it was verified is known of a run that came to its end. */
const snapshotOf = ({ snapshot, problem }: RunReport): string | null => {
  if (!snapshot) return null
  const bytes = snapshot.tables.reduce((sum, table) => sum + table.bytes, 0)
  const state = snapshot.sealedAt ? `sealed${problem ? '' : ' and verified'}` : 'not sealed'
  return `${snapshot.id}, ${size(bytes)}, ${state}`
}

/**
 * The incident in the fields that people fill in after one: those of the runbooks' templates, each with its value or
 * "not known". What only people can say (cost, cause, lessons) is always there to be filled in.
 */
export const incidentRecord = (report: RunReport): RecordGroup[] => {
  const { signal, seconds, impact } = report
  const began = signal?.at ?? report.timeline[0]?.at ?? report.createdAt
  const failed = report.checks.filter(({ status }) => status !== 'pass').map(({ name, status }) => `${name} ${status}`)
  return [
    {
      title: 'Incident',
      lines: [
        line('Number', report.number ?? report.incident),
        line('Date', began.slice(0, 10)),
        line('From', moment(began)),
        line('Until', moment(report.createdAt)),
        line('Duration', minutes(seconds.total)),
        line('Severity', signal ? signal.severity.toUpperCase() : null),
      ],
    },
    {
      title: 'What set it off',
      lines: [
        line('What happened', report.reason),
        line('When it was noticed', moment(began)),
        line('How it was noticed', detection(report)),
        line('First symptoms', report.symptoms),
      ],
    },
    {
      title: 'What was done',
      lines: [
        line('System', report.planTitle),
        line('Path', printRoute(report)),
        line('Changes', actionsOf(report)),
        line('Contained after', seconds.contained === null ? null : minutes(seconds.contained)),
        line('Restored after', report.outcome === 'needs-human' ? null : minutes(seconds.total)),
        line('Version in service', report.inService),
        line('Backup', snapshotOf(report)),
        line('Checks that did not pass', report.checks.length === 0 ? null : failed.join(', ') || 'none'),
      ],
    },
    {
      title: 'Impact',
      lines: [
        line('Users affected', impact.affected),
        line('What they noticed', impact.users),
        line('Services', impact.services.join(', ')),
        line('Workaround', impact.workaround),
        line('Data lost', report.loss),
        line('Cost', null),
      ],
    },
    {
      title: 'What was learnt',
      lines: [
        line('Root cause', null),
        line('Prevention', null),
        line('Changes of the process', null),
        line('Documents to change', null),
      ],
    },
  ]
}
