import { z } from 'zod'

/** A user of Identity Center, by the name of the role that Identity Center made, suffix included, and the user's name. */
const SSO = /^arn:aws[a-z-]*:sts::\d{12}:assumed-role\/AWSReservedSSO_[\w+=,.@-]+_[0-9a-f]{16}\/[\w+=,.@*-]+$/
/** Without its path, which AWS does not tell of a role that was assumed. */
const ROLE = /^arn:aws[a-z-]*:iam::\d{12}:role\/(?!AWSReservedSSO_)[\w+=,.@-]+$/
const USER = /^arn:aws[a-z-]*:iam::\d{12}:user\/[\w+=,.@/-]+$/

/**
 * An identity of AWS. `*` stands for any characters, in the name of an Identity Center user only: names of roles are
 * unique in an account, so that nobody can make one that fits, and whoever assumes a plain role chooses the name of the
 * session, so that all who assume it are one identity.
 */
export const IdentityPattern = z
  .string()
  .refine(
    (text) => SSO.test(text) || ROLE.test(text) || USER.test(text),
    'write arn:aws:sts::<account>:assumed-role/AWSReservedSSO_<set>_<16 hex digits>/<user or *>, arn:aws:iam::<account>:role/<name without path> or arn:aws:iam::<account>:user/<name>',
  )

/** Who may answer in which role, in one environment. A role that is not there is nobody's. */
export const Approvers = z.record(z.string(), z.array(IdentityPattern).min(1))
export type Approvers = z.infer<typeof Approvers>
