import { z } from 'zod'

const Target = z.looseObject({ Next: z.string() })
const Definition = z.looseObject({
  StartAt: z.string(),
  ProcessorConfig: z.looseObject({ Mode: z.string().optional() }).optional(),
  get States() {
    return z.record(z.string(), State)
  },
})
const State = z.looseObject({
  Type: z.string(),
  Comment: z.string().optional(),
  Next: z.string().optional(),
  Default: z.string().optional(),
  End: z.boolean().optional(),
  Choices: z.array(Target).optional(),
  Catch: z.array(Target).optional(),
  get Branches(): z.ZodOptional<z.ZodArray<typeof Definition>> {
    return z.array(Definition).optional()
  },
  get ItemProcessor(): z.ZodOptional<typeof Definition> {
    return Definition.optional()
  },
})

export interface GraphState {
  readonly name: string
  /** `Task`, `Choice`, `Map`, … as in the definition. */
  readonly type: string
  readonly comment: string
  /** Nothing follows. */
  readonly end: boolean
  /** A distributed Map: its items run in executions of their own, whose states no history of this one has. */
  readonly distributed: boolean
  /** One graph per branch of a Parallel, one for a Map, otherwise none. */
  readonly inner: readonly Graph[]
}

export interface GraphLink {
  readonly from: string
  readonly to: string
  /** `catch`: only after an error. */
  readonly kind: 'next' | 'catch'
}

/** The start, then the states in the order of the definition. */
export interface Graph {
  readonly start: string
  readonly states: readonly GraphState[]
  readonly links: readonly GraphLink[]
}

type Parsed = z.infer<typeof Definition>

const linksOf = (from: string, state: Parsed['States'][string]): GraphLink[] => [
  ...[state.Next, ...(state.Choices ?? []).map((choice) => choice.Next), state.Default]
    .filter((to) => to !== undefined)
    .map((to) => ({ from, to, kind: 'next' as const })),
  ...(state.Catch ?? []).map(({ Next: to }) => ({ from, to, kind: 'catch' as const })),
]

const graphOf = (definition: Parsed): Graph => {
  const states = Object.entries(definition.States).sort(
    ([a], [b]) => Number(b === definition.StartAt) - Number(a === definition.StartAt),
  )
  const links = new Map<string, GraphLink>()
  for (const [from, state] of states)
    for (const link of linksOf(from, state)) {
      const key = JSON.stringify([link.from, link.to])
      if (link.to in definition.States && !links.has(key)) links.set(key, link)
    }
  return {
    start: definition.StartAt,
    links: [...links.values()],
    states: states.map(([name, state]) => ({
      name,
      type: state.Type,
      comment: state.Comment ?? '',
      end: state.End === true || ['Succeed', 'Fail'].includes(state.Type),
      distributed: state.ItemProcessor?.ProcessorConfig?.Mode === 'DISTRIBUTED',
      inner: [...(state.Branches ?? []), ...(state.ItemProcessor ? [state.ItemProcessor] : [])].map(graphOf),
    })),
  }
}

/** The graph of a state machine in Amazon States Language; null when the value is none. */
export const readGraph = (machine: unknown): Graph | null => {
  const parsed = Definition.safeParse(machine)
  return parsed.success ? graphOf(parsed.data) : null
}

/** All states, those inside a Map or Parallel too. */
export const allStates = (graph: Graph): GraphState[] =>
  graph.states.flatMap((state) => [state, ...state.inner.flatMap(allStates)])
