import { isEvidenceOfAll } from '#core/evidence/preserve.ts'
import { type Milliseconds, printDuration } from './duration.ts'
import { suggestion } from './nearest.ts'
import type { Broken } from './references.ts'
import type { PlanFile } from './schema.ts'
import { unknown } from './unknown-name.ts'
import type { Approve } from './vocabulary.ts'

/** As often as the deployment looks at open incidents. Milliseconds. */
const SHORTEST_UPDATES = (5 * 60_000) as Milliseconds

const rolesAt = (path: readonly PropertyKey[], approve: Approve | undefined) =>
  approve ? [{ path: approve.from === 'any' ? [...path, 'roles'] : path, approve: approve.roles }] : []

/** Roles that nobody has. */
export const brokenRoles = (plan: PlanFile): Broken[] => {
  const roles = Object.keys(plan.contacts)
  const lists: { path: readonly PropertyKey[]; approve: readonly string[] }[] = [
    ...plan.decide.map(({ approve }, row) => ({ path: ['decide', row, 'approve'], approve })),
    { path: ['approval', 'ask'], approve: plan.approval.ask ?? [] },
    ...rolesAt(['paths', 'full', 'purge', 'approve'], plan.paths.full?.purge.approve),
    ...rolesAt(['paths', 'restore', 're-enable', 'approve'], plan.paths.restore?.reEnable.approve),
  ]
  return lists.flatMap(({ path, approve }) =>
    approve.flatMap((role, index): Broken[] => {
      const place = [...path, index]
      if (approve.indexOf(role) !== index) {
        return [
          {
            path: place,
            message: `"${role}" is asked twice.`,
            fix: 'Name each role once: one person of each approves.',
          },
        ]
      }
      return roles.includes(role)
        ? []
        : [
            {
              path: place,
              message: `"${role}" approves and has no contact.`,
              fix: `Add ${role} to contacts. ${suggestion(role, roles)}`,
            },
          ]
    }),
  )
}
/** Roles, rungs, webhooks and choices that there are not. */
export const brokenPeople = (plan: PlanFile): Broken[] => {
  const roles = Object.keys(plan.contacts)
  const hooks = plan.webhooks.map(({ name }) => name)
  return [
    ...plan.escalation.flatMap(({ after, tell }, index): Broken[] => {
      const place = ['escalation', index]
      const earlier = plan.escalation[index - 1]
      const late: Broken[] =
        earlier === undefined || earlier.after < after
          ? []
          : [
              {
                path: [...place, 'after'],
                message: `"${printDuration(after)}" does not come after "${printDuration(earlier.after)}".`,
                fix: 'Order the rungs by their time.',
              },
            ]
      return [...late, ...tell.flatMap((role, at) => unknown('a contact', role, roles, [...place, 'tell', at]))]
    }),
    ...plan.escalation.flatMap(({ alternatives }, index) =>
      alternatives.flatMap((choice, at): Broken[] =>
        (choice === 'partial' || choice === 'full' || choice === 'restore') && plan.paths[choice] === undefined
          ? [
              {
                path: ['escalation', index, 'alternatives', at],
                message: `This plan has no path "${choice}".`,
                fix: 'Add it to paths, or offer another choice.',
              },
            ]
          : [],
      ),
    ),
    ...(plan.report.followUps ?? []).flatMap(({ role }, index) =>
      unknown('a contact', role, roles, ['report', 'follow-ups', index, 'role']),
    ),
    ...Object.keys(plan.evidence).flatMap((name): Broken[] =>
      isEvidenceOfAll(name)
        ? [
            {
              path: ['evidence', name],
              message: `"${name}" is kept of every database already.`,
              fix: 'Choose another name.',
            },
          ]
        : [],
    ),
    ...(plan.impact.affected === undefined
      ? []
      : unknown('a piece of evidence', plan.impact.affected, Object.keys(plan.evidence), ['impact', 'affected'])),
    ...hooks.flatMap((name, index): Broken[] =>
      hooks.indexOf(name) === index
        ? []
        : [{ path: ['webhooks', index, 'name'], message: `"${name}" is named twice.`, fix: 'Give it another name.' }],
    ),
    ...(plan.updates === undefined || plan.updates >= SHORTEST_UPDATES
      ? []
      : [
          {
            path: ['updates'],
            message: `"${printDuration(plan.updates)}" is shorter than the ${printDuration(SHORTEST_UPDATES)} between two looks.`,
            fix: 'Choose a longer time, such as 30m.',
          },
        ]),
  ]
}
