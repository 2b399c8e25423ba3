import type { Service } from '#local/endpoints/service.ts'

/** The service, and when it had done an operation: `at` the time of `performance.now()`, `null` before the first. */
export const withArrivals = (service: Service, operation: string): { service: Service; arrival: Arrival } => {
  const arrival: Arrival = { at: null }
  return {
    arrival,
    service: {
      name: service.name,
      matches: (request) => service.matches(request),
      operation: (request, body) => service.operation?.(request, body) ?? null,
      key: (request, body) => service.key?.(request, body) ?? null,
      async handle(request, body) {
        const reply = await service.handle(request, body)
        if (reply.status === 200 && service.operation?.(request, body) === operation) arrival.at = performance.now()
        return reply
      },
    },
  }
}

export interface Arrival {
  at: number | null
}
