import { RollbackError } from '#core/errors.ts'
import type { IncidentId } from '#core/names.ts'
import type { Json, Request } from '#core/plan/checks-http.ts'
import type { Plan } from '#core/plan/load.ts'
import { suggestion } from '#core/plan/nearest.ts'
import type { ServiceUrls } from '#core/plan/services.ts'
import type { ServiceCall } from '#core/ports.ts'

export interface Place {
  readonly environment: string
  readonly serviceUrls: ServiceUrls
}

/** Values of placeholders; one that is not there is left as it stands. */
export type Filling = Readonly<Partial<Record<'env' | 'incident' | 'tag' | 'created', string>>>

const fill = (text: string, values: Filling, as: (value: string) => string = (value) => value): string =>
  text.replaceAll(/\{(env|incident|tag|created)\}/g, (whole, name: keyof Filling) => {
    const value = values[name]
    return value === undefined ? whole : as(value)
  })

const filled = (value: Json, values: Filling): Json => {
  if (typeof value === 'string') return fill(value, values)
  if (Array.isArray(value)) return value.map((item) => filled(item, values))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, filled(member, values)]))
}

/** The address of a service here: the environment's own word for it, else the plan's. Throws `Service.Unknown`. */
export const addressOf = (plan: Plan, name: string, { environment, serviceUrls }: Place): string => {
  const service = plan.services[name]
  if (!service)
    throw new RollbackError('Service.Unknown', `Plan "${plan.name}" has no service "${name}".`, {
      fix: suggestion(name, Object.keys(plan.services)),
      category: 'usage',
    })
  return (serviceUrls[plan.name]?.[name] ?? service.url).replaceAll('{env}', environment).replace(/\/$/, '')
}

/** A request of a plan, ready to be sent. `extra` are headers of ours. Throws `Service.Unknown`. */
export const serviceCall = (
  plan: Plan,
  service: string,
  { method, path, headers, json }: Request,
  options: {
    readonly place: Place
    readonly incident: IncidentId
    readonly values: Filling
    readonly timeout: number
    readonly extra?: Readonly<Record<string, string>>
  },
): ServiceCall => {
  const { place, incident, timeout, extra = {} } = options
  const values = { ...options.values, env: place.environment, incident }
  const token = plan.services[service]?.token ?? null
  const own = Object.entries(headers).map(([name, value]) => [name, fill(value, values)])
  return {
    url: `${addressOf(plan, service, place)}${fill(path, values, encodeURIComponent)}`,
    method,
    headers: { ...(Object.fromEntries(own) as Record<string, string>), 'x-rollback-incident': incident, ...extra },
    body: json === undefined ? null : JSON.stringify(filled(json, values)),
    token: token && { ...token, secret: token.secret.replaceAll('{env}', place.environment) },
    timeout,
  }
}
