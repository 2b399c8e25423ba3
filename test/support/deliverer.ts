import type { Deliverer } from '#core/ports-platform.ts'

const never = () => Promise.reject(new Error('nothing is delivered here'))

/** Of plans whose applications poll their flags. */
export const noDeliverer: Deliverer = {
  workloads: { look: never, version: never, versions: never, deploy: never, restart: never, scale: never },
  post: never,
  writtenAt: never,
}
