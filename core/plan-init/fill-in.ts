import { leftOut, type Proposal } from '#core/plan-init/proposal.ts'

/** Stands wherever the catalogue cannot know: to be searched for. */
export const MARK = 'FILL IN'

const flag = ({ flag: name, parameter }: Proposal): string =>
  `flags.${name}: whether "${parameter}" is the switch of the feature, what its values are, and how soon the application obeys.`

const sentinel = ({ facts }: Proposal): string[] =>
  facts.comment === null
    ? [
        `database.sentinel: the name "${facts.database}" is all that tells this database from others. A comment on the database is better, one for each environment with the same text.`,
      ]
    : [`database.sentinel: whether every environment's database has the comment that this one has.`]

const role = ({ facts, settings }: Proposal): string[] => {
  if (facts.application === null)
    return [
      'checks readable-…: the role of the application (as: …). No role but superusers may read all of the tables.',
    ]
  const setting = settings.join(', ')
  return [
    `checks readable-…: whether "${facts.application}" is the role of the application${
      setting === '' ? '.' : `, and a question for a tenant that has rows (its policies ask for ${setting}).`
    }`,
  ]
}

const inTheWay = ({ facts }: Proposal): string[] =>
  facts.inTheWay.map(
    ({ object, why, never }) =>
      `paths.full.allow: "${object}" ${never ?? why}. ${
        never === undefined
          ? 'Remove it, or allow it by this name.'
          : 'It has to be mended before the full path can run.'
      }`,
  )

/** What only people know, in the order of the file. */
export const fillIn = (proposal: Proposal): string[] => [
  'contacts: who is reached, and how. Nobody is told anything before that.',
  flag(proposal),
  ...sentinel(proposal),
  'signals: the limits. They are first guesses; watch them with vector-rollback probe, and in an environment that only observes.',
  'decide: what is to happen, within what time, and who is asked first.',
  ...(proposal.allow.length > 0
    ? [
        `paths.full.allow: whether ${proposal.allow.map((object) => `"${object}"`).join(', ')} may be out of reach with the tables.`,
      ]
    : []),
  ...inTheWay(proposal),
  'paths: the budgets, and who approves a purge. A plan does not know how long your users can wait.',
  ...role(proposal),
  'services, checks: what the application answers while the feature is off. The catalogue knows nothing of it.',
  ...proposal.facts.surroundings.unwritten.map(
    (object) => `fixture/schema.sql: "${object}", which the tables need. No drill can run before it is there.`,
  ),
  ...(leftOut(proposal).length > 0
    ? ['fixture: whether a drill can do without what it leaves out, see README.md.']
    : []),
]
