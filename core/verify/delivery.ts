import { messageOf } from '#core/errors.ts'
import type { Incident } from '#core/incident/incident.ts'
import type { Run } from '#core/incident/run.ts'
import { reading } from '#core/incident/session.ts'
import { containingFlags } from '#core/plan/containing.ts'
import { printDuration } from '#core/plan/duration.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Flag } from '#core/plan/schema.ts'
import type { Clock, Database, Row, Session } from '#core/ports.ts'
import { isUnreachable } from '#core/sql/errors.ts'
import { select, type Verdict } from '#core/verify/run-check.ts'
import { type CheckResult, DELIVERY_OF } from '#core/verify/verification.ts'

interface DeliveryPorts {
  readonly database: Database
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Milliseconds that may be spent. */
  readonly remaining: () => number
}

export interface Containment {
  /** When the flags were set, in milliseconds of the clock. */
  readonly at: number
  /** Versions of the parameters since then, where they are known. */
  readonly versions: ReadonlyMap<string, number>
}

/** Between two looks at an echo. Milliseconds. */
const EVERY_MS = 500
/** What the function needs to write down what it saw. Milliseconds. */
const RESERVE_MS = 10_000
/** Consumers that are named; a fleet may have thousands. */
const NAMED = 20

const unknown = (detail: string): Verdict => ({ status: 'unknown', detail })

/** What can be said without asking anybody; `null`: the echo has to be asked. */
const withoutAsking = ({ echo }: Flag): Verdict | null => {
  if (!echo) return unknown('the plan names no echo: the parameter is set, and nobody says who obeys it')
  return null
}

/** A consumer that sees the safe value, or says no value and a version since the containment, has followed. */
const hasFollowed = ({ value, version }: Row, safe: string, since: number | undefined): boolean =>
  value === null || value === undefined
    ? since !== undefined && version !== null && version !== undefined && Number(version) >= since
    : String(value) === safe

const printConsumer = ({ consumer, value, version }: Row): string => {
  const seen = value === null || value === undefined ? 'says no value' : `sees "${String(value)}"`
  return `${String(consumer)} ${seen}${version === null || version === undefined ? '' : ` (version ${String(version)})`}`
}

/** What the rows of an echo say: one row for each consumer, with the columns `consumer`, `value` and, if it likes, `version`. */
export const judgeEcho = (rows: readonly Row[], safe: string, since: number | undefined): Verdict => {
  const [first] = rows
  if (!first) return unknown('no consumer says what it sees')
  if (!('consumer' in first && 'value' in first))
    return unknown(`the echo gives ${Object.keys(first).join(', ')}, not the columns consumer and value`)
  const open = rows.filter((row) => !hasFollowed(row, safe, since))
  if (open.length === 0) return { status: 'pass', detail: `${rows.length} of ${rows.length} consumers obey "${safe}"` }
  const named = open.slice(0, NAMED).map(printConsumer)
  const more = open.length > NAMED ? [`and ${open.length - NAMED} more`] : []
  return {
    status: 'fail',
    detail: `${open.length} of ${rows.length} consumers have not followed: ${[...named, ...more].join(', ')}`,
  }
}

const look = async (
  session: Session,
  plan: Plan,
  name: string,
  versions: Containment['versions'],
): Promise<Verdict> => {
  const flag = plan.flags[name]
  if (flag?.echo?.kind !== 'sql') return unknown('the plan names no echo')
  try {
    const { rows } = await select(session, flag.echo.as, plan.sql[flag.echo.file] ?? '')
    return judgeEcho(rows, flag.safe, versions.get(name))
  } catch (error) {
    if (isUnreachable(error)) throw error
    return unknown(messageOf(error))
  }
}

/** When and in which versions the flags were set. What is not on record was set just now, if it was. */
export const containmentOf = (incident: Pick<Incident, 'contained'> | null, now: Date): Containment => ({
  at: incident?.contained ? Date.parse(incident.contained.at) : now.getTime(),
  versions: new Map(incident?.contained?.flags.map(({ name, version }) => [name, version])),
})

/** Looks again until all have followed, at each flag at most until its time is over, and once at least. */
export const untilFollowed = async (
  plan: Plan,
  names: readonly string[],
  contained: Containment,
  { clock, signal, remaining }: Pick<DeliveryPorts, 'clock' | 'signal' | 'remaining'>,
  /** `final`: nobody is there to be asked again. */
  lookAt: (name: string) => Promise<Verdict & { readonly final?: boolean }>,
): Promise<Map<string, Verdict>> => {
  const verdicts = new Map<string, Verdict & { readonly final?: boolean }>()
  const isOpen = (name: string) =>
    verdicts.get(name)?.status !== 'pass' &&
    verdicts.get(name)?.final !== true &&
    clock.now().getTime() < contained.at + (plan.flags[name]?.within ?? 0)
  let open: readonly string[] = names
  while (open.length > 0) {
    if (verdicts.size > 0) await clock.sleep(EVERY_MS, signal)
    for (const name of open) verdicts.set(name, await lookAt(name))
    open = remaining() > RESERVE_MS ? names.filter(isOpen) : []
  }
  return verdicts
}

/** What the consumers of each flag have said, as results of checks. */
export const resultsOf = (
  flags: readonly (readonly [name: string, flag: Flag])[],
  verdicts: ReadonlyMap<string, Verdict | null>,
): CheckResult[] =>
  flags.map(([name, { delivery, safe, within }]) => {
    const { status, detail } = verdicts.get(name) ?? unknown('it was not asked')
    return {
      name: `${DELIVERY_OF}${name}${delivery === 'poll' ? '' : ', as its consumers say'}`,
      describe: `The application obeys "${safe}", ${printDuration(within)} after the flag was set.`,
      status,
      detail,
    }
  })

/**
 * Whether the consumers of each flag obey its safe value, as they say it themselves. Never throws: an echo that cannot be asked, a
 * database that is down and a flag without an echo are `unknown`, which stops no rollback and is not success either.
 */
export const proveDelivery = async (
  run: Run,
  plan: Plan,
  contained: Containment,
  ports: DeliveryPorts,
): Promise<CheckResult[]> => {
  // Of what is brought to the application, its platform says more; its consumers are asked as well where they can be.
  // What a service says is asked outside the network of the database.
  const flags = containingFlags(plan).filter(
    ([, { delivery, echo }]) => echo?.kind === 'sql' || (delivery === 'poll' && echo === undefined),
  )
  const verdicts = new Map(flags.map(([name, flag]): [string, Verdict | null] => [name, withoutAsking(flag)]))
  const asked = flags.flatMap(([name]) => (verdicts.get(name) === null ? [name] : []))
  if (asked.length > 0)
    try {
      // A session for each look, and none while it waits: where there are few, or one as in a drill, the consumers themselves
      // would not come to say what they see.
      const seen = await untilFollowed(plan, asked, contained, ports, (name) =>
        reading(run, plan, 'prove-delivery', ports, (session) => look(session, plan, name, contained.versions)),
      )
      for (const [name, verdict] of seen) verdicts.set(name, verdict)
    } catch (error) {
      for (const name of asked) verdicts.set(name, unknown(messageOf(error)))
    }
  return resultsOf(flags, verdicts)
}
