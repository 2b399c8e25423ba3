import { z } from 'zod'
import { RollbackError } from '#core/errors.ts'
import { keys } from '#core/incident/keys.ts'
import type { Run } from '#core/incident/run.ts'
import { digestOf, readAllJson, readJson, writeJson } from '#core/json.ts'
import type { IncidentId, Sha256 } from '#core/names.ts'
import type { Clock, Objects } from '#core/ports.ts'

/**
 * `proceed`: whether a path that an alarm has chosen goes on after containment. `replace`: whether a snapshot may take the
 * place of what was there.
 */
export const PURPOSES = ['proceed', 'purge', 'replace', 're-enable'] as const
export type Purpose = (typeof PURPOSES)[number]

/** A question to people: `incidents/<id>/approvals/<purpose>/request.json`. Asked again, it replaces the earlier one. */
export const ApprovalRequest = z.strictObject({
  incident: z.string(),
  plan: z.string(),
  purpose: z.enum(PURPOSES),
  /** What is approved, in one digest: plan, environment and subject (for a purge the catalogue and the manifest). */
  digest: z.string(),
  roles: z.array(z.string()),
  /** How many different people must approve. */
  people: z.int(),
  requestedAt: z.string(),
  expiresAt: z.string(),
  token: z.string(),
  /** What they say yes to, in one line for people; the digest is what counts. */
  about: z.string().optional(),
  /** A worse path took the place of the one that was asked about: an answer comes too late. */
  superseded: z.strictObject({ by: z.string(), at: z.string() }).optional(),
})
export type ApprovalRequest = z.infer<typeof ApprovalRequest>

/** What one person answered, in one role, to one digest. */
export const ApprovalAnswer = z.strictObject({
  purpose: z.enum(PURPOSES),
  role: z.string(),
  name: z.string(),
  decision: z.enum(['approved', 'denied']),
  digest: z.string(),
  at: z.string(),
})
export type ApprovalAnswer = z.infer<typeof ApprovalAnswer>

export interface Question {
  readonly purpose: Purpose
  /** JSON; whatever changes in it voids the answers. */
  readonly subject: unknown
  readonly roles: readonly string[]
  /** The subject in one line for people. */
  readonly about?: string
}

/** Binds an approval: any change of the plan, the environment or the subject gives another digest. */
export const approvalDigest = (run: Run, { purpose, subject }: Question, environment: string): Sha256 =>
  digestOf({ plan: run.plan, planDigest: run.planDigest, environment, purpose, subject })

/**
 * AWS does not tell who started an execution, so nobody can be kept from approving his own: two people destroy. What
 * nobody may approve is not approved by asking nobody.
 */
const peopleNeeded = ({ purpose, roles }: Question): number => Math.max(purpose === 'purge' ? 2 : 1, roles.length)

export const askForApproval = async (
  run: Run,
  question: Question,
  { token, expiresAt }: { token: string; expiresAt: Date },
  ports: { objects: Objects; clock: Clock; environment: string },
): Promise<ApprovalRequest> => {
  const request: ApprovalRequest = {
    incident: run.incident,
    plan: run.plan,
    purpose: question.purpose,
    digest: approvalDigest(run, question, ports.environment),
    roles: [...question.roles],
    people: peopleNeeded(question),
    requestedAt: ports.clock.now().toISOString(),
    expiresAt: expiresAt.toISOString(),
    token,
    ...(question.about === undefined ? {} : { about: question.about }),
  }
  await writeJson(ports.objects, `${keys.approval(run.incident, question.purpose)}request.json`, request)
  return request
}

export const readRequest = async (
  objects: Objects,
  incident: IncidentId,
  purpose: Purpose,
): Promise<ApprovalRequest | null> => {
  const found = await readJson(objects, `${keys.approval(incident, purpose)}request.json`)
  return found && ApprovalRequest.parse(found.value)
}

/** However it is written: nobody becomes two people by an accent, a blank or a capital. */
const person = (name: string): string => name.normalize('NFKC').trim().replaceAll(/\s+/g, ' ').toLowerCase()

const answersPrefix = (incident: IncidentId, purpose: Purpose) => `${keys.approval(incident, purpose)}answers/`

export const readAnswers = async (
  objects: Objects,
  incident: IncidentId,
  purpose: Purpose,
): Promise<ApprovalAnswer[]> =>
  (await readAllJson(objects, answersPrefix(incident, purpose))).map(({ value }) => ApprovalAnswer.parse(value))

/**
 * Records one answer, for the digest that is asked now. Throws `Approval.WrongRole`, `Approval.NoName`, `Approval.TooLate`,
 * `Approval.Superseded`.
 */
export const recordAnswer = async (
  objects: Objects,
  request: ApprovalRequest,
  answer: { role: string; name: string; decision: ApprovalAnswer['decision']; at: Date },
): Promise<ApprovalAnswer> => {
  if (!request.roles.includes(answer.role))
    throw new RollbackError('Approval.WrongRole', `"${answer.role}" is not asked to approve the ${request.purpose}.`, {
      fix: `Approve as one of ${request.roles.join(', ')}.`,
      category: 'usage',
    })
  if (person(answer.name) === '')
    throw new RollbackError('Approval.NoName', `Nobody's name stands beside the role "${answer.role}".`, {
      fix: 'Say who approves: different people are counted by their names.',
      category: 'usage',
    })
  if (request.superseded)
    throw new RollbackError(
      'Approval.Superseded',
      `The question about the ${request.purpose} is void since ${request.superseded.at}: "${request.superseded.by}" demanded a worse path.`,
      { fix: 'Look at what is asked now: the run goes on with the worse path.', category: 'refused' },
    )
  if (answer.at.getTime() > Date.parse(request.expiresAt))
    throw new RollbackError(
      'Approval.TooLate',
      `The question about the ${request.purpose} closed at ${request.expiresAt}.`,
      {
        fix: 'Have it asked again: choose retry where the run waits for a person, or start the path again.',
        category: 'refused',
      },
    )
  const record: ApprovalAnswer = {
    purpose: request.purpose,
    role: answer.role,
    name: answer.name,
    decision: answer.decision,
    digest: request.digest,
    at: answer.at.toISOString(),
  }
  const name = digestOf([record.role, record.name, record.digest, record.decision]).slice(0, 16)
  const key = `${answersPrefix(request.incident as IncidentId, request.purpose)}${name}.json`
  await writeJson(objects, key, record, { ifAbsent: true })
  return record
}

/** Whether every role can be given a person of its own. */
const assignable = (
  roles: readonly string[],
  approved: readonly ApprovalAnswer[],
  taken: ReadonlySet<string>,
): boolean => {
  const [role, ...rest] = roles
  if (role === undefined) return true
  return approved.some(
    (answer) =>
      answer.role === role &&
      !taken.has(person(answer.name)) &&
      assignable(rest, approved, new Set([...taken, person(answer.name)])),
  )
}

export type Tally = 'approved' | 'denied' | 'open'

/** Counts the answers to a digest: each role by a person of its own, and as many people as are needed. */
export const tally = (
  { roles, people, digest }: Pick<ApprovalRequest, 'roles' | 'people' | 'digest'>,
  answers: readonly ApprovalAnswer[],
): Tally => {
  const valid = answers.filter((answer) => answer.digest === digest && roles.includes(answer.role))
  if (valid.some(({ decision }) => decision === 'denied')) return 'denied'
  const distinct = new Set(valid.map(({ name }) => person(name)))
  return distinct.size >= people && assignable(roles, valid, new Set()) ? 'approved' : 'open'
}

/**
 * Throws unless the record holds the approvals for exactly this question, now. `Approval.Void`: people approved, but
 * something has changed since. `Approval.Denied`: somebody said no. `Approval.Missing`: not enough of them said anything.
 */
export const requireApproval = async (
  run: Run,
  question: Question,
  ports: { objects: Objects; environment: string },
): Promise<void> => {
  const digest = approvalDigest(run, question, ports.environment)
  const answers = await readAnswers(ports.objects, run.incident, question.purpose)
  const counted = tally({ roles: [...question.roles], people: peopleNeeded(question), digest }, answers)
  if (counted === 'approved') return
  if (counted === 'denied') {
    const by = answers.find((answer) => answer.decision === 'denied' && answer.digest === digest)
    throw new RollbackError('Approval.Denied', `"${by?.name}" (${by?.role}) denied the ${question.purpose}.`, {
      fix: 'It stays as it is. To ask again, start the path again.',
      category: 'refused',
    })
  }
  const stale = answers.filter((answer) => answer.decision === 'approved' && answer.digest !== digest)
  if (stale.length > 0)
    throw new RollbackError(
      'Approval.Void',
      `The ${question.purpose} was approved for digest "${stale[0]?.digest.slice(0, 12)}…", but now it is "${digest.slice(0, 12)}…".`,
      {
        fix: 'Plan, catalogue, rows or snapshot have changed since: ask again and approve what is there now.',
        category: 'refused',
      },
    )
  throw new RollbackError(
    'Approval.Missing',
    `The ${question.purpose} needs ${peopleNeeded(question)} people in the roles ${question.roles.join(', ')}; the record has ${
      answers.filter((answer) => answer.decision === 'approved').length
    }.`,
    { fix: 'Nothing was destroyed. Have the others approve, then retry.', category: 'refused' },
  )
}
