import type { Approvers } from '#core/approval/approvers.ts'
import { planFolder } from '#functions/plans.ts'

const ROLE = 'arn:aws:sts::000000000000:assumed-role/AWSReservedSSO_local_0000000000000000'

/** A person of this machine, whom nobody has authenticated, in the form in which AWS tells of people. */
export const localArn = (name: string): string => `${ROLE}/${name}`

/** Here everybody may say that he has any role of the plans. */
export const localApprovers = async (plansDirectory: string | undefined): Promise<Approvers> => {
  const plans = planFolder(() => plansDirectory)
  const loaded = await Promise.allSettled((await plans.names()).map((name) => plans.load(name)))
  const roles = loaded.flatMap((plan) => (plan.status === 'fulfilled' ? Object.keys(plan.value.contacts) : []))
  return Object.fromEntries(roles.map((role) => [role, [localArn('*')]]))
}

/** A call of the function URL as AWS hands it on once it has checked who calls. */
export const urlEvent = (userArn: string, body: unknown, method = 'POST'): object => {
  const [, , , , accountId] = userArn.split(':')
  const iam = {
    accessKey: 'local',
    accountId,
    callerId: `local:${userArn.split('/').at(-1)}`,
    userArn,
    userId: 'local',
  }
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: '/',
    rawQueryString: '',
    headers: { 'content-type': 'application/json' },
    requestContext: {
      accountId,
      apiId: 'local',
      authorizer: { iam: { ...iam, cognitoIdentity: null, principalOrgId: null } },
      domainName: 'local',
      http: { method, path: '/', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'local' },
      requestId: crypto.randomUUID(),
      routeKey: '$default',
      stage: '$default',
    },
    body: JSON.stringify(body),
    isBase64Encoded: false,
  }
}
