import { z } from 'zod'
import { isSigned, signed } from '#core/approval/signature.ts'
import { RollbackError } from '#core/errors.ts'
import { keys } from '#core/incident/keys.ts'
import type { Run } from '#core/incident/run.ts'
import { digestOf, readAllJson, readJson, writeJson } from '#core/json.ts'
import type { IncidentId, Sha256 } from '#core/names.ts'
import type { Approve } from '#core/plan/vocabulary.ts'
import type { Clock, Objects, Signer } from '#core/ports.ts'

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
  /** `each`: every role by a person of its own. `any`: whichever of the roles they have. */
  from: z.enum(['each', 'any']).default('each'),
  /** Who started the run, where that is known: kept from approving. */
  starter: z.string().nullable().default(null),
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
  incident: z.string(),
  purpose: z.enum(PURPOSES),
  role: z.string(),
  /** Who counts as one person. */
  name: z.string(),
  /** The same in AWS's words. */
  identity: z.string(),
  decision: z.enum(['approved', 'denied']),
  digest: z.string(),
  at: z.string(),
  reason: z.string().optional(),
  /** Of all the rest, by the key of the deployment. */
  signature: z.string(),
})
export type ApprovalAnswer = z.infer<typeof ApprovalAnswer>

export interface Question {
  readonly purpose: Purpose
  /** JSON; whatever changes in it voids the answers. */
  readonly subject: unknown
  readonly approve: Approve
  /** The subject in one line for people. */
  readonly about?: string
}

/** Binds an approval: any change of the plan, the environment or the subject gives another digest. */
export const approvalDigest = (run: Run, { purpose, subject }: Question, environment: string): Sha256 =>
  digestOf({ plan: run.plan, planDigest: run.planDigest, environment, purpose, subject })

/**
 * Two people destroy, whoever started the run. Where AWS does not tell who did, nobody can be kept from approving his own:
 * two people then answer every question. What nobody may approve is not approved by asking nobody.
 */
const peopleNeeded = ({ startedBy }: Run, { purpose, approve }: Question): number =>
  Math.max(approve.people, purpose === 'purge' || (startedBy?.kind ?? 'unknown') === 'unknown' ? 2 : 1)

const asked = (run: Run, question: Question) => ({
  roles: [...question.approve.roles],
  people: peopleNeeded(run, question),
  from: question.approve.from,
  starter: run.startedBy?.identity ?? null,
})

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
    ...asked(run, question),
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
export const person = (name: string): string => name.normalize('NFKC').trim().replaceAll(/\s+/g, ' ').toLowerCase()

const answersPrefix = (incident: IncidentId, purpose: Purpose) => `${keys.approval(incident, purpose)}answers/`

export const readAnswers = async (
  objects: Objects,
  incident: IncidentId,
  purpose: Purpose,
): Promise<ApprovalAnswer[]> =>
  // What somebody else put there is no answer, and keeps nobody from one.
  (await readAllJson(objects, answersPrefix(incident, purpose))).flatMap(
    ({ value }) => ApprovalAnswer.safeParse(value).data ?? [],
  )

/**
 * Records one answer, for the digest that is asked now. Throws `Approval.WrongRole`, `Approval.NoName`, `Approval.TooLate`,
 * `Approval.Superseded`.
 */
export const recordAnswer = async (
  { objects, signer }: { objects: Objects; signer: Signer },
  request: ApprovalRequest,
  answer: Pick<ApprovalAnswer, 'role' | 'name' | 'identity' | 'decision' | 'reason'> & { at: Date },
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
  const { at, ...said } = answer
  const { incident, purpose, digest } = request
  const record = await signed({ incident, purpose, digest, at: at.toISOString(), ...said }, signer)
  const name = digestOf([record.role, person(record.name), record.digest, record.decision]).slice(0, 16)
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

/** Whether that is who started the run, by the name of a person or by the identity as AWS writes it. */
export const isStarter = (one: Pick<ApprovalAnswer, 'name' | 'identity'>, starter: string | null): boolean =>
  starter !== null && [one.name, one.identity].some((name) => person(name) === person(starter))

export type Tally = 'approved' | 'denied' | 'open'

/**
 * Counts the answers to a digest: as many people as are needed, and where each role is asked, each by a person of its own. Who
 * started the run may deny it, and not approve. Signatures are not looked at.
 */
export const tally = (
  { roles, people, from, starter, digest }: Pick<ApprovalRequest, 'roles' | 'people' | 'from' | 'starter' | 'digest'>,
  answers: readonly ApprovalAnswer[],
): Tally => {
  const valid = answers.filter(
    (answer) =>
      answer.digest === digest &&
      roles.includes(answer.role) &&
      (answer.decision === 'denied' || !isStarter(answer, starter)),
  )
  if (valid.some(({ decision }) => decision === 'denied')) return 'denied'
  const distinct = new Set(valid.map(({ name }) => person(name)))
  const enough = distinct.size >= people && (from === 'any' || assignable(roles, valid, new Set()))
  return enough ? 'approved' : 'open'
}

/** The answers that the deployment's key signed for this incident and purpose; others were put there by somebody else. */
const signedFor = (
  { incident, purpose }: Pick<ApprovalRequest, 'incident' | 'purpose'>,
  answers: readonly ApprovalAnswer[],
  key: string,
): ApprovalAnswer[] =>
  answers.filter((answer) => answer.incident === incident && answer.purpose === purpose && isSigned(answer, key))

/** The answers that count, to whatever digest. */
export const readSigned = async (
  objects: Objects,
  question: Pick<ApprovalRequest, 'incident' | 'purpose'>,
  key: string,
): Promise<ApprovalAnswer[]> =>
  signedFor(question, await readAnswers(objects, question.incident as IncidentId, question.purpose), key)

/**
 * Throws unless the record holds the approvals for exactly this question, now. `Approval.Void`: people approved, but
 * something has changed since. `Approval.Denied`: somebody said no. `Approval.Missing`: not enough of them said anything.
 * `Approval.Unsigned`: so it seems, but this deployment has not taken those answers.
 */
export const requireApproval = async (
  run: Run,
  question: Question,
  ports: { objects: Objects; environment: string; approvalKey: string },
): Promise<void> => {
  const digest = approvalDigest(run, question, ports.environment)
  const found = await readAnswers(ports.objects, run.incident, question.purpose)
  const answers = signedFor({ incident: run.incident, purpose: question.purpose }, found, ports.approvalKey)
  const counted = tally({ ...asked(run, question), digest }, answers)
  if (counted === 'approved') return
  if (counted === 'denied') {
    const by = answers.find((answer) => answer.decision === 'denied' && answer.digest === digest)
    throw new RollbackError('Approval.Denied', `"${by?.name}" (${by?.role}) denied the ${question.purpose}.`, {
      fix: 'It stays as it is. To ask again, start the path again.',
      category: 'refused',
    })
  }
  if (answers.length < found.length)
    throw new RollbackError(
      'Approval.Unsigned',
      `The record of the ${question.purpose} has ${found.length - answers.length} answers that the key of this deployment did not sign.`,
      {
        fix: 'Find out who wrote them into the bucket. Nothing was destroyed; have it approved by those who may.',
        category: 'refused',
      },
    )
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
    `The ${question.purpose} needs ${peopleNeeded(run, question)} people in the roles ${question.approve.roles.join(', ')}; the record has ${
      answers.filter((answer) => answer.decision === 'approved').length
    }.`,
    { fix: 'Nothing was destroyed. Have the others approve, then retry.', category: 'refused' },
  )
}
