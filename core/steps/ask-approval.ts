import { z } from 'zod'
import { askForApproval, PURPOSES, type Purpose, type Question } from '#core/approval/approval.ts'
import { proceedQuestion } from '#core/approval/proceed.ts'
import { requireStillWanted } from '#core/approval/supersede.ts'
import { readEvents, readIncident } from '#core/incident/incident.ts'
import { valuesOfIncident, valuesOfProgress } from '#core/incident/message-values.ts'
import type { Run } from '#core/incident/run.ts'
import { tell } from '#core/incident/tell.ts'
import { digestOf } from '#core/json.ts'
import { printTable } from '#core/names.ts'
import { usualChoices } from '#core/notice/choices.ts'
import { printDuration } from '#core/plan/duration.ts'
import type { Plan } from '#core/plan/load.ts'
import { pathOf } from '#core/plan/path-of.ts'
import type { Objects } from '#core/ports.ts'
import { PurgeSubject } from '#core/purge/subject.ts'
import { printReEnable, ReEnableSubject } from '#core/re-enable/subject.ts'
import { size } from '#core/report/figures.ts'
import { printSetAside, ReplaceSubject } from '#core/restore/set-aside.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'

const EVENTS = {
  proceed: 'proceed-needed',
  purge: 'approval-needed',
  replace: 'replace-needed',
  're-enable': 're-enable-needed',
} as const

const Subject = z.union([PurgeSubject, ReplaceSubject, ReEnableSubject])

const valuesOfSubject = (subject: z.infer<typeof Subject>) => ('steps' in subject ? {} : valuesOfTables(subject))

const valuesOfTables = (subject: PurgeSubject | ReplaceSubject) => ({
  tables: [...new Set(subject.tables.map(printTable))].join(', '),
  rows: String(subject.rows),
  snapshot: subject.snapshot,
  ...('bytes' in subject
    ? { bytes: size(subject.bytes) }
    : { written: String(subject.written), diff: subject.diff.join('; ') || 'none' }),
})

const aboutOf = (subject: z.infer<typeof Subject> | null) => {
  if (!subject) return {}
  if ('steps' in subject) return { about: printReEnable(subject) }
  if ('written' in subject) return { about: printSetAside(subject) }
  const { rows, bytes, snapshot } = subject
  const tables = [...new Set(subject.tables.map(printTable))].join(', ')
  return { about: `Destroys ${tables}: ${rows} rows, ${size(bytes)} in snapshot ${snapshot}` }
}

const questionOf = async (
  run: Run,
  plan: Plan,
  { purpose, subject }: { readonly purpose: Purpose; readonly subject: z.infer<typeof Subject> | null },
  objects: Objects,
): Promise<Question> => {
  if (purpose === 'proceed') return proceedQuestion(run, plan, { objects })
  const approve = purpose === 'purge' ? pathOf(plan, 'full').purge.approve : pathOf(plan, 'restore').reEnable.approve
  return { purpose, subject, approve, ...aboutOf(subject) }
}

export const askApproval = defineStep({
  kind: 'ask-approval',
  purpose: 'Asks the people whom the plan names, and leaves the state machine waiting for them.',
  event: inRun(z.strictObject({ purpose: z.enum(PURPOSES), subject: Subject.nullable() })).extend({
    token: z.string().min(1),
  }),
  needs: ['notifier', 'objects', 'plans', 'clock', 'environment'],
  run: async ({ run, input, token }, ports) => {
    const plan = await ports.plans.load(run.plan)
    const { purpose, subject } = input
    const question = await questionOf(run, plan, input, ports.objects)
    const within = purpose === 'purge' ? pathOf(plan, 'full').purge.within : plan.approval.within
    const expiresAt = new Date(ports.clock.now().getTime() + within)
    const request = await askForApproval(run, question, { token, expiresAt }, ports)
    await requireStillWanted(run, purpose, ports.objects)
    const incident = await readIncident(ports.objects, run.incident)
    const values = {
      ...(incident ? valuesOfIncident(plan, incident) : {}),
      ...valuesOfProgress(incident, await readEvents(ports.objects, run.incident)),
      ...usualChoices({
        kind: 'approval',
        incident: run.incident,
        environment: ports.environment,
        roles: request.roles,
      }),
      roles: request.roles.join(', '),
      deadline: request.expiresAt,
      next: `${request.about && purpose === 're-enable' ? `${request.about} ` : ''}Digest ${request.digest.slice(0, 12)}, ${request.people} people, within ${printDuration(within)}.`,
      ...(subject ? valuesOfSubject(subject) : {}),
    }
    // Asked again, with the same numbers, it is another question with time of its own.
    const message = await tell(run, EVENTS[purpose], values, ports, digestOf(token))
    return { changed: true, detail: `asked ${request.roles.join(', ')} about the ${purpose}; ${message.detail}` }
  },
})
