import { readFileSync } from 'node:fs'
import fc from 'fast-check'

/** The product's own state machine. */
export const rollbackMachine: unknown = JSON.parse(
  readFileSync(new URL('../../statemachines/rollback.asl.json', import.meta.url), 'utf8'),
)

interface Shape {
  readonly kind: 'Task' | 'Choice' | 'Wait' | 'Map' | 'Parallel' | 'Succeed' | 'Fail'
  readonly label: string
  /** Picks the targets. */
  readonly next: readonly number[]
  readonly caught: number | null
}
type Definition = { StartAt: string; States: Record<string, object> }

const shape = fc.record({
  kind: fc.constantFrom<Shape['kind'][]>(
    'Task',
    'Task',
    'Choice',
    'Choice',
    'Wait',
    'Map',
    'Parallel',
    'Succeed',
    'Fail',
  ),
  label: fc.string({ unit: 'grapheme', maxLength: 70 }),
  next: fc.array(fc.nat(1_000), { minLength: 1, maxLength: 4 }),
  caught: fc.option(fc.nat(1_000)),
})

/** A definition of these states. Names have a number in front: they are unique in a whole machine. */
const definition = (shapes: readonly Shape[], inner: () => Definition, prefix: string): Definition => {
  const names = shapes.map(({ label }, i) => `${prefix}${i} ${label}`)
  const target = (pick: number) => names[pick % names.length] ?? ''
  const state = ({ kind, next, caught }: Shape): object => {
    if (kind === 'Succeed' || kind === 'Fail') return { Type: kind }
    if (kind === 'Choice')
      return {
        Type: kind,
        Choices: next.map((pick) => ({ Condition: '{% true %}', Next: target(pick) })),
        Default: target(7),
      }
    return {
      Type: kind,
      ...((next[0] ?? 0) % 5 === 0 ? { End: true } : { Next: target(next[0] ?? 0) }),
      ...(caught === null ? {} : { Catch: [{ ErrorEquals: ['States.ALL'], Next: target(caught) }] }),
      ...(kind === 'Map' ? { ItemProcessor: inner() } : {}),
      ...(kind === 'Parallel' ? { Branches: next.map(inner) } : {}),
    }
  }
  return {
    StartAt: names[0] ?? '',
    States: Object.fromEntries(shapes.map((each, i) => [names[i] ?? '', state(each)])),
  }
}

/** Machines with cycles, self loops, dead ends, states that nothing leads to, and graphs inside Map and Parallel. */
export const machines: fc.Arbitrary<Definition> = fc
  .record({
    outer: fc.array(shape, { minLength: 1, maxLength: 14 }),
    inner: fc.array(fc.array(shape, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }),
  })
  .map(({ outer, inner }) => {
    let made = 0
    const leaf = (): Definition => ({
      StartAt: `leaf ${++made}`,
      States: { [`leaf ${made}`]: { Type: 'Pass', End: true } },
    })
    const within = (): Definition => {
      made++
      return definition(inner[made % inner.length] ?? [], leaf, `${made}.`)
    }
    return definition(outer, within, '')
  })
