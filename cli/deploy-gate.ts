import { askGate } from '#core/before-deploy/gate.ts'
import { RollbackError } from '#core/errors.ts'
import { loadPlan } from '#core/plan/load.ts'
import { colours } from './colours.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { findPlan } from './plans.ts'
import { columns } from './snapshots/columns.ts'
import { atPlace, type PlaceOptions } from './snapshots/place.ts'

export interface DeployGateOptions extends PlaceOptions {
  readonly by: string
  readonly attest?: readonly string[]
  readonly plans?: string
  readonly json?: boolean
}

/** `name=what proves it`, each name once. */
const attestedOf = (texts: readonly string[]): Record<string, string> => {
  const attested: Record<string, string> = {}
  for (const text of texts) {
    const [, name, proof] = /^([^=]+)=(.*)$/s.exec(text) ?? []
    if (name === undefined || proof === undefined || Object.hasOwn(attested, name))
      throw new RollbackError('Usage.Invalid', `"${text}" cannot be attested.`, {
        fix: 'Write --attest name="what proves it", each name once.',
        category: 'usage',
      })
    attested[name] = proof
  }
  return attested
}

/** `vector-rollback deploy-gate`: resolves to 3 when something is missing, so that CI stops there. */
export const deployGate = async (planName: string, options: DeployGateOptions): Promise<ExitCode> => {
  const plan = await loadPlan(await findPlan(planName, options.plans))
  const attested = attestedOf(options.attest ?? [])
  return atPlace(options, 'start', async ({ objects, environment, label }) => {
    const gate = await askGate(plan, { by: options.by, attested }, { objects, environment, now: new Date() })
    const { bold, green, red } = colours(process.stdout)
    const lines = columns(gate.items.map(({ name, met, detail }) => [met ? 'met' : 'MISSING', name, detail]))
    const missing = gate.items.filter(({ met }) => !met).map(({ name }) => name)
    const end = gate.passed
      ? bold(green(`${plan.name} may be deployed: ${label}/${gate.key}`))
      : bold(red(`${plan.name} may not be deployed. Missing: ${missing.join(', ')}.`))
    process.stdout.write(`${options.json ? JSON.stringify(gate, null, 2) : [...lines, end].join('\n')}\n`)
    return gate.passed ? EXIT.ok : EXIT.refused
  })
}
