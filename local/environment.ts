import { SERVICES } from '#aws/clients.ts'

/** Names of what the functions find on this machine in place of AWS. */
export const BUCKET = 'vector-rollback-local'
export const REGION = 'us-east-1'

/** What the clients of AWS read: one endpoint for all services. A person's own value for one of them would win over the common one. */
export const awsAt = (endpoint: string): Record<string, string> => ({
  AWS_ENDPOINT_URL: endpoint,
  ...Object.fromEntries(SERVICES.map((service) => [`AWS_ENDPOINT_URL_${service}`, endpoint])),
  AWS_REGION: REGION,
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
})

/** Sets variables of the process and gives back the way to undo it. */
export const setEnvironment = (values: Readonly<Record<string, string>>): (() => void) => {
  const before = Object.keys(values).map((name) => [name, process.env[name]] as const)
  Object.assign(process.env, values)
  return () => {
    for (const [name, value] of before)
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
  }
}
