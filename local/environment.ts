/** Names of what the functions find on this machine in place of AWS. */
export const BUCKET = 'vector-rollback-local'
export const REGION = 'us-east-1'

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
