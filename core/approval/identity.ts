import type { Approvers } from '#core/approval/approvers.ts'
import { RollbackError } from '#core/errors.ts'

/** Who made a call, as AWS authenticated it. */
export interface Identity {
  /** What approvers are compared with. */
  readonly arn: string
  /** Who counts as one person: two permission sets of one user are one. */
  readonly name: string
}

const ASSUMED = /^arn:(aws[a-z-]*):sts::(\d{12}):assumed-role\/([\w+=,.@-]+)\/([^/]+)$/
const OF_IDENTITY_CENTER = /^AWSReservedSSO_[\w+=,.@-]+_[0-9a-f]{16}$/
const USER = /^arn:aws[a-z-]*:iam::\d{12}:user\/.+$/

/**
 * The identity behind the `userArn` of a signed call, `null` for one that says nobody (the root user, a federated user). The
 * session name of an Identity Center role is set by Identity Center, and is the person. Of every other role the
 * caller has chosen it, and the role itself is all that AWS knows.
 */
export const identityOf = (userArn: string): Identity | null => {
  const [, partition, account, role = '', session = ''] = ASSUMED.exec(userArn) ?? []
  if (account !== undefined) {
    if (OF_IDENTITY_CENTER.test(role)) return { arn: userArn, name: session }
    const arn = `arn:${partition}:iam::${account}:role/${role}`
    return { arn, name: arn }
  }
  return USER.test(userArn) ? { arn: userArn, name: userArn } : null
}

const matches = (pattern: string, arn: string): boolean => {
  const text = pattern.replaceAll(/[.*+?^${}()|[\]\\]/g, (one) => (one === '*' ? '[^/]*' : `\\${one}`))
  return new RegExp(`^${text}$`).test(arn)
}

/** The roles that an identity has here. */
export const rolesOf = (identity: Identity, approvers: Approvers): string[] =>
  Object.entries(approvers).flatMap(([role, patterns]) =>
    patterns.some((pattern) => matches(pattern, identity.arn)) ? [role] : [],
  )

/** Throws `Approval.WrongRole` unless the identity has the role here. */
export const requireRole = (identity: Identity, role: string, approvers: Approvers): void => {
  const roles = rolesOf(identity, approvers)
  if (roles.includes(role)) return
  throw new RollbackError(
    'Approval.WrongRole',
    `"${identity.arn}" is not "${role}" here${roles.length > 0 ? `, but ${roles.join(', ')}` : ''}.`,
    {
      fix: `Have one of those answer whom the approvers of this environment name as ${role}, or add the identity to them in cdk.json and deploy.`,
      category: 'refused',
    },
  )
}
