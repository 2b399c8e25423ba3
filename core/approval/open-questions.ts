import { z } from 'zod'
import { PURPOSES, readRequest, readSigned, tally } from '#core/approval/approval.ts'
import { lastHumanQuestion, wasDecided } from '#core/approval/decide-problem.ts'
import { Incident } from '#core/approval/incident-name.ts'
import { findLease } from '#core/incident/lease.ts'
import { Problem } from '#core/incident/problem.ts'
import type { IncidentId, PlanName } from '#core/names.ts'
import type { Ports } from '#core/steps/define-step.ts'

/** Asks what is asked: of one incident, or of every run that holds the lease of its plan. */
export const Look = z.strictObject({ look: z.literal('open'), incident: Incident.optional() })

const OpenQuestion = z.object({
  incident: z.string(),
  plan: z.string(),
  purpose: z.enum(PURPOSES),
  about: z.string().nullable(),
  digest: z.string(),
  roles: z.array(z.string()),
  people: z.int(),
  from: z.enum(['each', 'any']),
  expiresAt: z.string(),
  /** `approved` and `denied`: the run goes on, or will when the answer is sent once more. */
  status: z.enum(['open', 'approved', 'denied']),
  /** Who has approved so far. */
  approved: z.array(z.object({ role: z.string(), name: z.string() })),
})
export type OpenQuestion = z.infer<typeof OpenQuestion>

const OpenProblem = z.object({
  incident: z.string(),
  at: z.string(),
  state: z.string(),
  error: z.string(),
  text: z.string(),
})
export type OpenProblem = z.infer<typeof OpenProblem>

/** What people are asked now. Without the tokens, which nobody but the function itself may see. */
export const Open = z.object({ questions: z.array(OpenQuestion), problems: z.array(OpenProblem) })
export type Open = z.infer<typeof Open>

type LookPorts = Pick<Ports, 'objects' | 'clock' | 'plans' | 'approvalKey'>

const running = async ({ objects, plans }: LookPorts): Promise<IncidentId[]> => {
  const leases = await Promise.all((await plans.names()).map((plan) => findLease(objects, plan as PlanName)))
  return leases.flatMap((lease) => (lease && !lease.released ? [lease.incident as IncidentId] : []))
}

const questionsOf = async (incident: IncidentId, ports: LookPorts): Promise<OpenQuestion[]> => {
  const now = ports.clock.now().getTime()
  const found = await Promise.all(
    PURPOSES.map(async (purpose): Promise<OpenQuestion[]> => {
      const request = await readRequest(ports.objects, incident, purpose)
      if (!request || request.superseded || now > Date.parse(request.expiresAt)) return []
      const answers = await readSigned(ports.objects, request, ports.approvalKey)
      const status = tally(request, answers)
      const { plan, about, digest, roles, people, from, expiresAt } = request
      const approved = answers
        .filter((answer) => answer.digest === digest && answer.decision === 'approved')
        .map(({ role, name }) => ({ role, name }))
      return [
        { incident, plan, purpose, about: about ?? null, digest, roles, people, from, expiresAt, status, approved },
      ]
    }),
  )
  return found.flat()
}

const problemOf = async (incident: IncidentId, { objects }: LookPorts): Promise<OpenProblem[]> => {
  const asked = await lastHumanQuestion(objects, incident)
  if (!asked || (await wasDecided(objects, incident, asked.at))) return []
  const { at, problem } = asked
  return [{ incident, at, state: problem.state, error: problem.error ?? 'no name', text: Problem.text(problem) }]
}

export const openQuestions = async (incident: IncidentId | undefined, ports: LookPorts): Promise<Open> => {
  const incidents = incident ? [incident] : await running(ports)
  const questions = await Promise.all(incidents.map((id) => questionsOf(id, ports)))
  const problems = await Promise.all(incidents.map((id) => problemOf(id, ports)))
  return { questions: questions.flat(), problems: problems.flat() }
}
