import { pattern } from './pattern.ts'

const LEVELS = '(?!/(aws|ssm)(/|$))(/([A-Za-z0-9_.-]|\\{env\\})+)'

/** The name of a parameter of Parameter Store, with `{env}` for the environment. */
export const ParameterName = pattern(
  new RegExp(`^${LEVELS}{1,15}$`),
  'the name of an SSM parameter',
  'Start with "/", and use only letters, digits, "_.-" and {env}: /app/{env}/SEARCH_ENABLED.',
)

/** A folder of Parameter Store: everything below it, at any depth. Two levels at least: nobody means all of an account. */
export const ParameterFolder = pattern(
  new RegExp(`^${LEVELS}{2,14}/$`),
  'a folder of SSM parameters',
  'Start and end with "/", with two levels at least: /app/{env}/search/.',
)

/** A name with the environment filled in. */
export const inEnvironment = (name: string, environment: string): string => name.replaceAll('{env}', environment)
