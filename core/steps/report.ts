import { z } from 'zod'
import { recordDrill } from '#core/decide/drill.ts'
import { closeCourse } from '#core/incident/course.ts'
import { explained } from '#core/incident/explain.ts'
import { Contained, readIncident } from '#core/incident/incident.ts'
import { keys } from '#core/incident/keys.ts'
import { releaseLease } from '#core/incident/lease.ts'
import { valuesOfIncident, valuesOfReport } from '#core/incident/message-values.ts'
import { Problem } from '#core/incident/problem.ts'
import { tellAll } from '#core/incident/tell.ts'
import { readAllJson, writeJson } from '#core/json.ts'
import { renderHtml } from '#core/report/html.ts'
import { renderMarkdown } from '#core/report/markdown.ts'
import { reportOfRun } from '#core/report/of-run.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'

const EVENTS = {
  flag: 'rolled-back',
  partial: 'rolled-back',
  full: 'rolled-back',
  restore: 'restored',
  purge: 'purged',
} as const

export const report = defineStep({
  kind: 'report',
  purpose: 'Writes the report of the run, tells people how it ended, and gives the lease back.',
  event: inRun(
    z.strictObject({
      problem: Problem.nullable(),
      reEnabled: z.boolean(),
      /** What containment did that had to wait for an answer: the record of the run was written before. */
      contained: Contained.nullable().optional(),
    }),
  ),
  needs: ['executions', 'notifier', 'objects', 'plans', 'clock', 'environment', 'machine'],
  run: async ({ run, input }, ports) => {
    const plan = await ports.plans.load(run.plan)
    const course = await closeCourse(run, input.problem ? 'a person' : 'itself', ports)
    if (course?.open)
      return {
        changed: false,
        detail: `the ${course.demand?.path} path was demanded: no end yet`,
        outcome: 'escalated',
      }
    const key = keys.report(run.incident, 'html')
    const problem = input.problem && (await explained(input.problem, ports.objects, run.incident))
    const ending = { ...input, problem }
    const incident = await readIncident(ports.objects, run.incident)
    const ended = await reportOfRun(run, plan, ending, ports)
    // A second end, after a person had it tried again, is told again: its figures are others.
    const once = `end ${(await readAllJson(ports.objects, keys.human(run.incident))).length}`
    const roles = plan.paths.restore?.reEnable?.approve.roles.join(', ')
    const values = {
      ...(incident ? valuesOfIncident(plan, { ...incident, path: run.path }) : {}),
      ...valuesOfReport(ended),
      ...(roles ? { roles } : {}),
      report: key,
    }
    // A purge that found nothing has purged nothing.
    const event = problem ? 'handed-over' : ended.outcome === 'nothing-to-do' ? 'nothing-to-do' : EVENTS[run.path]
    const told = [event, ...(input.reEnabled && !problem ? (['users-resolved'] as const) : []), 'report'] as const
    await tellAll(
      run,
      told.map((one) => ({ event: one, values, once })),
      ports,
    )
    // Once more, with those messages in it.
    const written = await reportOfRun(run, plan, ending, ports)
    await writeJson(ports.objects, keys.report(run.incident, 'json'), written)
    await ports.objects.write(
      keys.report(run.incident, 'md'),
      renderMarkdown(written),
      undefined,
      'text/markdown; charset=utf-8',
    )
    await ports.objects.write(key, renderHtml(written, ports.machine), undefined, 'text/html; charset=utf-8')
    if (written.outcome === 'drill-passed') {
      const { plan: name, planDigest, path, incident } = run
      const { createdAt } = written
      const drill = { plan: name, planDigest, path, incident, environment: ports.environment, createdAt }
      await recordDrill(ports.objects, { ...drill, outcome: 'drill-passed' })
    }
    await releaseLease(run, ports)
    const { outcome } = written
    return { changed: true, detail: `${outcome}: ${key}`, outcome }
  },
})
