import { RollbackError } from '#core/errors.ts'
import { requireMayChange } from '#core/incident/may-change.ts'
import type { Run } from '#core/incident/run.ts'
import type { Clock, Objects } from '#core/ports.ts'
import type { Parameters, StoredParameter } from '#core/ports-config.ts'
import { readBack } from '#core/relief/read-back.ts'
import { endReliefs, keepRelief, putBackTo } from '#core/relief/relief.ts'

interface ThrottlePorts {
  readonly parameters: Parameters
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly objects: Objects
}

/** A parameter that a throttle may write, as it is now. */
type Plain = StoredParameter & { readonly type: 'String' | 'StringList'; readonly value: string }

const refuse = (name: `${string}.${string}`, message: string, fix: string): RollbackError =>
  new RollbackError(name, message, { fix: `Nothing was changed. ${fix}`, category: 'refused' })

const isPlain = (parameter: StoredParameter): parameter is Plain =>
  parameter.type !== 'SecureString' && parameter.value !== null

/** All of the names, before any of them is written. Throws `Throttle.NoParameter`, `Throttle.Secret`. */
const readPlain = async (names: readonly string[], parameters: Parameters): Promise<Plain[]> => {
  const stored = await parameters.read(names)
  return names.map((name) => {
    const found = stored.find((one) => one.name === name)
    if (!found)
      throw refuse(
        'Throttle.NoParameter',
        `There is no parameter "${name}".`,
        'What is made here could not be put back, since nothing is deleted: create it with its normal value, or correct the plan.',
      )
    if (isPlain(found)) return found
    throw refuse('Throttle.Secret', `Parameter "${name}" is a SecureString.`, 'A secret is no limit: correct the plan.')
  })
}

type Change = Pick<Plain, 'name' | 'type'> & { readonly to: string }

/** Writes the values one by one, and reads them back together. */
const writeAll = async (run: Run, changes: readonly Change[], ports: ThrottlePorts): Promise<void> => {
  for (const { name, to, type } of changes) {
    await requireMayChange(run, ports.objects)
    await ports.parameters.write(name, to, type)
  }
  if (changes.length === 0) return
  await readBack(async () => {
    const stored = await ports.parameters.read(changes.map(({ name }) => name))
    return changes.flatMap(({ name, to }) =>
      stored.some((one) => one.name === name && one.value === to) ? [] : [name],
    )
  }, ports)
}

/** Sets the values, each earlier one kept before. Resolves to one line for each parameter, and whether any was changed. */
export const setThrottle = async (
  run: Run,
  set: Readonly<Record<string, string>>,
  ports: ThrottlePorts,
): Promise<{ changed: boolean; lines: string[] }> => {
  const at = ports.clock.now().toISOString()
  const lines: string[] = []
  const changes: Change[] = []
  for (const { name, value, type } of await readPlain(Object.keys(set), ports.parameters)) {
    const to = set[name] ?? value
    if (value === to) {
      lines.push(`${name} is "${to}"`)
      continue
    }
    await keepRelief(run, { kind: 'throttle', thing: name }, { before: value, set: to, at }, ports.objects)
    lines.push(`${name} from "${value}" to "${to}"`)
    changes.push({ name, type, to })
  }
  await writeAll(run, changes, ports)
  return { changed: changes.length > 0, lines }
}

/** Puts back what throttles found, unless somebody has set another value since. */
export const endThrottle = async (
  run: Run,
  names: readonly string[],
  ports: ThrottlePorts,
): Promise<{ changed: boolean; lines: string[] }> => {
  const { parameters, objects, clock } = ports
  const lines: string[] = []
  const changes: Change[] = []
  const over: string[] = []
  for (const { name, value, type } of await readPlain(names, parameters)) {
    const back = await putBackTo({ plan: run.plan, kind: 'throttle', thing: name }, value, objects)
    if (back.kind !== 'none') over.push(...back.open)
    if (back.kind === 'to' && typeof back.value === 'string') {
      lines.push(`${name} from "${value}" back to "${back.value}"`)
      changes.push({ name, type, to: back.value })
    } else if (back.kind === 'none') lines.push(`${name} is "${value}": no throttle of it is open`)
    else if (back.kind === 'back') lines.push(`${name} is "${value}" again`)
    else lines.push(`${name} is "${value}", which no throttle has set: left alone`)
  }
  await writeAll(run, changes, ports)
  await endReliefs(run, over, clock.now().toISOString(), objects)
  return { changed: changes.length > 0, lines }
}
