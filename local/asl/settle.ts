import type { Settling } from './definition.ts'
import { byteLength, type Json, MAX_PAYLOAD_BYTES } from './json.ts'
import { evaluate, type Scene } from './jsonata.ts'
import type { Variables } from './run.ts'
import { dataLimitExceeded } from './state-error.ts'

/** What a state leaves behind. */
export interface Settled {
  readonly output: Json
  readonly assigned: Variables
}

/**
 * Assign and Output of a state, of a rule of a Choice or of a catcher. Both see the variables as they were before the
 * state. `prefix` is where they stand (`Catch[0]/`). Throws `States.DataLimitExceeded` over 256 KiB.
 */
export async function settle(settling: Settling, scene: Scene, fallback: Json, prefix = ''): Promise<Settled> {
  const assigned: Record<string, Json> = {}
  for (const [name, template] of Object.entries(settling.Assign ?? {})) {
    assigned[name] = await evaluate(template, `${prefix}Assign/${name}`, scene)
  }
  const output = settling.Output === undefined ? fallback : await evaluate(settling.Output, `${prefix}Output`, scene)
  if (byteLength(output) > MAX_PAYLOAD_BYTES || byteLength(assigned) > MAX_PAYLOAD_BYTES) {
    throw dataLimitExceeded(scene.state)
  }
  return { output, assigned }
}
