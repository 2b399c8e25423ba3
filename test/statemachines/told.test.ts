import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { HUMAN_WITHIN_MS } from '#core/notice/choices.ts'
import { STEPS, substitutionOf } from '#core/steps/registry.ts'

const Jump = z.looseObject({ Next: z.string().optional() })
const State = z.looseObject({
  Type: z.string(),
  Next: z.string().optional(),
  Default: z.string().optional(),
  Choices: z.array(Jump).default([]),
  Catch: z.array(Jump).default([]),
  Arguments: z.looseObject({ FunctionName: z.string().optional() }).optional(),
  TimeoutSeconds: z.unknown().optional(),
})
const Machine = z.looseObject({ StartAt: z.string(), States: z.record(z.string(), State) })

const machine = Machine.parse(
  JSON.parse(readFileSync(new URL('../../statemachines/rollback.asl.json', import.meta.url), 'utf8')),
)
const states = Object.entries(machine.States)

/** Steps that send messages. `open-incident` does when it joins; `report` says how it ended. */
const TELLS = new Set(
  STEPS.filter(({ needs }) => (needs as readonly string[]).includes('notifier')).map(
    ({ kind }) => `\${${substitutionOf(kind)}}`,
  ),
)
const tells = (name: string): boolean => TELLS.has(machine.States[name]?.Arguments?.FunctionName ?? '')

const before = (name: string): string[] =>
  states.flatMap(([from, { Next, Default, Choices, Catch }]) =>
    [Next, Default, ...[...Choices, ...Catch].map((jump) => jump.Next)].includes(name) ? [from] : [],
  )

/** Choices do nothing, and containing once more is no news. */
const isNews = (name: string): boolean => {
  const { Type, Arguments } = machine.States[name] ?? {}
  return Type !== 'Choice' && Arguments?.FunctionName !== `\${${substitutionOf('contain')}}`
}

/** The last states on each way to a state that do something of which there is anything to tell. */
const lastDeeds = (name: string, seen: ReadonlySet<string> = new Set()): string[] =>
  before(name).flatMap((from) =>
    seen.has(from) ? [] : isNews(from) ? [from] : lastDeeds(from, new Set([...seen, from])),
  )

const ends = states.flatMap(([name, { Type }]) => (Type === 'Succeed' || Type === 'Fail' ? [name] : []))

test.each(ends)('nobody gets to "%s" without somebody being told of it', (end) => {
  const deeds = lastDeeds(end)
  expect(deeds).not.toEqual([])
  expect(deeds.filter((name) => !tells(name))).toEqual([])
})

test('whoever is waited for is called', () => {
  const waits = states.filter(([, { Resource }]) => String(Resource).endsWith('.waitForTaskToken'))
  expect(waits.map(([name]) => name)).toContain('Needs a human')
  expect(waits.filter(([name]) => !tells(name)).map(([name]) => name)).toEqual([])
})

test('a path that gets longer by itself is told of', () => {
  expect(tells('Tell that it got worse')).toBe(true)
  expect(before('Tell that it got worse')).toEqual(['Recovered?'])
})

test('messages say how long a person is waited for as it is', () => {
  expect(machine.States['Needs a human']?.TimeoutSeconds).toBe(HUMAN_WITHIN_MS / 1000)
})
