import { z } from 'zod'
import { RollbackError } from '#core/errors.ts'
import { writeJson } from '#core/json.ts'
import { printTable } from '#core/names.ts'
import type { BeforeDeploy } from '#core/plan/before-deploy.ts'
import { type Milliseconds, printDuration } from '#core/plan/duration.ts'
import type { Plan } from '#core/plan/load.ts'
import { suggestion } from '#core/plan/nearest.ts'
import type { Objects } from '#core/ports.ts'
import { duration } from '#core/report/figures.ts'
import { listSnapshots } from '#core/snapshot/list.ts'
import type { Manifest } from '#core/snapshot/manifest.ts'
import { verifySnapshot } from '#core/snapshot/verify.ts'

const GateItem = z.strictObject({
  name: z.string(),
  /** What the plan asks for. */
  asks: z.string(),
  met: z.boolean(),
  /** What was found, or what is missing. */
  detail: z.string(),
})
export type GateItem = z.infer<typeof GateItem>

/** `gates/<plan>/<ISO time>.json`: a gate that was passed, written once. */
export const PassedGate = z.strictObject({
  version: z.literal(1),
  plan: z.string(),
  planDigest: z.string(),
  environment: z.string(),
  /** Who says what only people can say. */
  by: z.string().min(1),
  at: z.string(),
  items: z.array(GateItem),
})
export type PassedGate = z.infer<typeof PassedGate>

export interface Gate {
  readonly passed: boolean
  readonly items: readonly GateItem[]
  /** Where it is kept; `null` for one that was not passed. */
  readonly key: string | null
}

interface GatePorts {
  readonly objects: Objects
  readonly environment: string
  readonly now: Date
}

const timeOf = (key: string): number => Date.parse(key.slice(key.lastIndexOf('/') + 1).replace(/\.json$/, ''))

const ageOf = (at: number, now: Date): string => duration(Math.max(0, now.getTime() - at))

const askRecord = async (plan: Plan, limit: Milliseconds, { objects, now }: GatePorts): Promise<GateItem> => {
  const item = { name: 'recorded', asks: `A record of the good state, ${printDuration(limit)} old at most.` }
  let newest = Number.NEGATIVE_INFINITY
  for await (const { key } of objects.list(`recorded/${plan.name}/`)) {
    const at = timeOf(key)
    if (at <= now.getTime() && at > newest) newest = at
  }
  const found = Number.isFinite(newest)
  return {
    ...item,
    met: found && now.getTime() - newest <= limit,
    detail: found
      ? `the newest is of ${new Date(newest).toISOString()}, ${ageOf(newest, now)} ago`
      : `there is none: vector-rollback record ${plan.name}`,
  }
}

const rowsAsOf = (manifest: Manifest): number =>
  Date.parse(manifest.consistency === 'live' ? manifest.takenAt : manifest.createdAt)

const holdsAll = (manifest: Manifest, plan: Plan): boolean => {
  const held = manifest.tables.map(printTable)
  return plan.protects.tables.every((table) => held.includes(printTable(table)))
}

/** A snapshot counts when every part of it was read again and is what was written: not when it was asked for. */
const askSnapshot = async (
  plan: Plan,
  limit: Milliseconds,
  { objects, environment, now }: GatePorts,
): Promise<GateItem> => {
  const item = {
    name: 'snapshot',
    asks: `A whole snapshot of ${plan.protects.tables.map(printTable).join(', ')}, ${printDuration(limit)} old at most.`,
  }
  const sealed = (await listSnapshots(objects, { plan: plan.name, environment }))
    .flatMap((one) => (one.state === 'sealed' && holdsAll(one.manifest, plan) ? [one.manifest] : []))
    .sort((a, b) => rowsAsOf(b) - rowsAsOf(a))
  const [newest] = sealed
  if (!newest) return { ...item, met: false, detail: `there is none: vector-rollback snapshots take ${plan.name}` }
  const at = rowsAsOf(newest)
  const seen = `"${newest.snapshot}" of ${new Date(at).toISOString()}, ${ageOf(at, now)} ago`
  if (now.getTime() - at > limit) return { ...item, met: false, detail: `the newest is ${seen}` }
  try {
    const { objects: read } = await verifySnapshot(objects, newest, { depth: 'digests' })
    return { ...item, met: true, detail: `${seen}; all ${read} objects read and compared` }
  } catch (error) {
    return { ...item, met: false, detail: `${seen}: ${error instanceof Error ? error.message : String(error)}` }
  }
}

/** Throws `DeployGate.UnknownItem` for a name that the plan does not ask for: a typing error would look like an attestation. */
const askPeople = ({ attest }: BeforeDeploy, given: Readonly<Record<string, string>>): GateItem[] => {
  const known = Object.keys(attest)
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue
    throw new RollbackError('DeployGate.UnknownItem', `The plan asks nobody to attest "${name}".`, {
      fix: suggestion(name, known),
      category: 'usage',
    })
  }
  return Object.entries(attest).map(([name, asks]) => {
    const proof = Object.hasOwn(given, name) ? (given[name] ?? '').trim() : ''
    return { name, asks, met: proof !== '', detail: proof || `nobody has said so: --attest ${name}="…"` }
  })
}

/**
 * Whether the system of a plan may be deployed: everything that its `before-deploy` asks for. What passed is kept in the bucket.
 * Throws `DeployGate.*`, `Bucket.*`.
 */
export const askGate = async (
  plan: Plan,
  { by, attested }: { readonly by: string; readonly attested: Readonly<Record<string, string>> },
  ports: GatePorts,
): Promise<Gate> => {
  const asked = plan['before-deploy']
  if (!asked)
    throw new RollbackError('DeployGate.None', `Plan "${plan.name}" has no gate.`, {
      fix: 'Add before-deploy to the plan, or deploy without asking.',
      category: 'usage',
    })
  const people = askPeople(asked, attested)
  const items = [
    ...(asked.recorded === undefined ? [] : [await askRecord(plan, asked.recorded, ports)]),
    ...(asked.snapshot === undefined ? [] : [await askSnapshot(plan, asked.snapshot, ports)]),
    ...people,
  ]
  if (items.some(({ met }) => !met)) return { passed: false, items, key: null }
  const at = ports.now.toISOString()
  const key = `gates/${plan.name}/${at}.json`
  const { name, digest } = plan
  const gate: PassedGate = { version: 1, plan: name, planDigest: digest, environment: ports.environment, by, at, items }
  await writeJson(ports.objects, key, gate, { ifAbsent: true })
  return { passed: true, items, key }
}
