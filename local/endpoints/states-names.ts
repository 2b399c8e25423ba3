import { ApiError } from './json-protocol.ts'

/** What Step Functions refuses in the name of an execution: white space, brackets, wildcards, controls and others. */
const FORBIDDEN = /[\s<>{}[\]?*"#%\\^|~`$&,;:/\p{Cc}\p{Cs}\u{fffe}\u{ffff}\u{10ffff}]/u
const MAX_CHARACTERS = 80

export const requireName = (name: string): void => {
  const forbidden = name.match(FORBIDDEN)?.[0]
  if (name !== '' && name.length <= MAX_CHARACTERS && forbidden === undefined) return
  const why =
    forbidden === undefined ? `1 to ${MAX_CHARACTERS} characters are allowed` : `"${forbidden}" is not allowed`
  throw new ApiError('InvalidName', `Invalid Name: '${name}': ${why}`)
}

export const requireArn = (arn: string, kind: 'execution' | 'stateMachine'): void => {
  if (new RegExp(`^arn:[^:]+:states:[^:]*:[^:]*:${kind}:.+$`).test(arn)) return
  throw new ApiError('InvalidArn', `Invalid Arn: '${arn}' is not the ARN of a resource of type ${kind}`)
}

/** `arn:aws:states:<region>:<account>:stateMachine:<machine>` → `…:execution:<machine>:<name>` */
export const executionArn = (stateMachineArn: string, name: string): string => {
  const parts = stateMachineArn.split(':')
  return [...parts.slice(0, 5), 'execution', parts[6], name].join(':')
}

/** The role that an execution sees as its own. Nobody assumes it here. */
export const roleArn = (stateMachineArn: string): string => {
  const [, partition, , , account, , machine] = stateMachineArn.split(':')
  return `arn:${partition}:iam::${account}:role/${machine}`
}
